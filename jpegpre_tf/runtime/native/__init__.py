"""What the shared library of export/kernel has beside the kernel; everything here has its equal in NumPy."""
