import com.machinezoo.sourceafis.FingerprintCompatibility;
import com.machinezoo.sourceafis.FingerprintMatcher;
import com.machinezoo.sourceafis.FingerprintTemplate;
import java.io.BufferedOutputStream;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;

/** Compares minutiae files with SourceAFIS and speaks the protocol of `whorl eval --matcher-command` (README.md). */
public final class SourceAfis {
    private static final Map<String, FingerprintTemplate> TEMPLATES = new HashMap<>();

    private static FingerprintTemplate template(String path) throws IOException {
        FingerprintTemplate known = TEMPLATES.get(path);
        if (known == null) {
            known = FingerprintCompatibility.importTemplate(Files.readAllBytes(Path.of(path)));
            TEMPLATES.put(path, known);
        }
        return known;
    }

    public static void main(String[] arguments) throws IOException {
        BufferedReader in = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
        PrintStream out = new PrintStream(new BufferedOutputStream(System.out, 1 << 14), false, StandardCharsets.UTF_8);
        FingerprintTemplate last = null;
        FingerprintMatcher matcher = null;
        for (String line = in.readLine(); line != null; line = in.readLine()) {
            String[] paths = line.split("\t");
            if (paths.length != 2)
                throw new IOException("expected two paths with a tab between them: " + line);
            FingerprintTemplate probe = template(paths[0]);
            FingerprintTemplate reference = template(paths[1]);
            long start = System.nanoTime();
            if (probe != last) // a probe is prepared once, as its authors recommend
                matcher = new FingerprintMatcher(probe);
            last = probe;
            double score = matcher.match(reference);
            double microseconds = (System.nanoTime() - start) / 1e3;
            out.print(score);
            out.print('\t');
            out.print(microseconds);
            out.print('\n');
        }
        out.flush();
    }
}
