import au.com.bytecode.opencsv.CSVReader;
import java.io.BufferedReader;
import java.io.CharArrayReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * Reads lines as org.apache.hadoop.hive.serde2.OpenCSVSerde of Hive 2.3 does, which
 * Athena has, and prints each cell in hexadecimal digits. Usage: FILE SEPARATOR ESCAPE.
 */
public class OpenCSV {
    public static void main(String[] args) throws Exception {
        try (BufferedReader in = Files.newBufferedReader(Path.of(args[0]), StandardCharsets.UTF_8)) {
            for (String line = in.readLine(); line != null; line = in.readLine()) {
                String[] cells = new CSVReader(new CharArrayReader(line.toCharArray()), args[1].charAt(0), '"', args[2].charAt(0)).readNext();
                StringBuilder out = new StringBuilder();
                for (String cell : cells == null ? new String[0] : cells) {
                    for (byte b : cell.getBytes(StandardCharsets.UTF_8)) {
                        out.append(String.format("%02x", b));
                    }
                    out.append(' ');
                }
                System.out.println(out);
            }
        }
    }
}
