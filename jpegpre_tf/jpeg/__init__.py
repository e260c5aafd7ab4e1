"""The JPEG standard in NumPy: tables, zig-zag, quality scaling, DCT, resampling, Huffman codes, file size."""
