import java.io.File;
import java.util.Arrays;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.Path;
import org.apache.parquet.Version;
import org.apache.parquet.example.data.Group;
import org.apache.parquet.hadoop.ParquetReader;
import org.apache.parquet.hadoop.example.GroupReadSupport;

/** Reads the files of directories with parquet-java: rows, and the sum of the column id. */
public class ParquetJava {
    public static void main(String[] args) throws Exception {
        System.out.println(Version.FULL_VERSION);
        for (String dir : args) {
            long rows = 0, sum = 0;
            File[] files = new File(dir).listFiles((d, name) -> name.endsWith(".parquet"));
            Arrays.sort(files);
            for (File f : files) {
                try (ParquetReader<Group> in = ParquetReader.builder(new GroupReadSupport(), new Path(f.getPath())).withConf(new Configuration()).build()) {
                    for (Group row = in.read(); row != null; row = in.read()) {
                        rows++;
                        sum += row.getLong("id", 0);
                        row.toString(); // reads all values
                    }
                }
            }
            System.out.println(rows + " " + sum + " " + dir);
        }
    }
}
