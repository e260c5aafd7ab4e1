package jpegpre.android

import java.io.StringWriter
import java.net.URI
import javax.tools.JavaFileObject
import javax.tools.SimpleJavaFileObject
import javax.tools.ToolProvider
import org.junit.Assert.assertTrue
import org.junit.Rule
import org.junit.Test
import org.junit.rules.TemporaryFolder

/** The library as Java sees it: what Kotlin leaves out, such as defaults and checked exceptions, its compiler misses. */
class JavaTest {
    @get:Rule
    val temporary = TemporaryFolder()

    @Test
    fun `an app in Java compiles, its catches too`() {
        val source = object : SimpleJavaFileObject(URI("string:///Upload.java"), JavaFileObject.Kind.SOURCE) {
            override fun getCharContent(ignoreEncodingErrors: Boolean) = UPLOAD
        }
        val messages = StringWriter()
        val options = listOf("-proc:none", "-Xlint:-options", "-d", temporary.root.path, "-classpath", System.getProperty("java.class.path"))
        val isCompiled = ToolProvider.getSystemJavaCompiler().getTask(messages, null, null, options, null, listOf(source)).call()
        assertTrue(messages.toString(), isCompiled)
    }

    private companion object {
        const val UPLOAD = """
            import android.content.Context;
            import android.graphics.Bitmap;
            import java.io.*;
            import jpegpre.android.*;

            class Upload {
                static String write(Context context, File model, Bitmap bitmap, OutputStream out) throws IOException {
                    PreprocessorOptions options = new PreprocessorOptions(2, 1);
                    try (JpegPreprocessor preprocessor = JpegPreprocessor.createBlocking(context, Profile.FIDELITY, options);
                         JpegPreprocessor shipped = JpegPreprocessor.createBlocking(context);
                         JpegPreprocessor own = JpegPreprocessor.createBlocking(model)) {
                        Compressed first = preprocessor.compressBlocking(bitmap, new Target.MaxBytes(200_000), out);
                        Compressed second = own.compressBlocking(bitmap, new Target.Quality(75), out, 0.5f);
                        return first.getQuality() + " " + second.getMethod() + " " + shipped.getInfo().getName();
                    } catch (JpegpreException error) {
                        return error.getCode() == ErrorCode.IMPOSSIBLE_SIZE ? "too small" : error.getMessage();
                    } catch (InterruptedException error) {
                        return "cancelled";
                    }
                }

                static String open(Context context) {
                    try {
                        return JpegPreprocessor.createBlocking(context).getInfo().getVersion();
                    } catch (JpegpreException | InterruptedException error) {
                        return null;
                    }
                }
            }
        """
    }
}
