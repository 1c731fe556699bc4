import io.modelwire.client.ModelwireClient;
import io.modelwire.client.Table;
import java.nio.file.Path;

/** Predicts every row of a CSV file and prints one number a line: Predict MODEL ROWS.csv. */
public class Predict {
    public static void main(String[] arguments) {
        var address = System.getenv().getOrDefault("MODELWIRE_ADDRESS", "127.0.0.1:9090");
        try (var client = ModelwireClient.connect(address)) {
            for (double value : client.predict(arguments[0], Table.csv(Path.of(arguments[1]))).values()) {
                System.out.println(value);
            }
        }
    }
}
