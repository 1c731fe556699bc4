import io.modelwire.client.Batch;
import io.modelwire.client.ModelwireClient;
import io.modelwire.client.Step;
import java.util.Random;
import java.util.stream.IntStream;

/** Teaches a network batch by batch, watches its loss fall, and predicts meanwhile. */
public class Online {
    private static final Random RANDOM = new Random(7);

    /** Random rows of 8 features. */
    private static double[][] rows(int samples) {
        return IntStream.range(0, samples).mapToObj(row -> RANDOM.doubles(8, -1, 1).toArray()).toArray(double[][]::new);
    }

    /** What is to be learned of a row. */
    private static double target(double[] row) {
        return 2 * row[0] - row[1] + 0.5 * Math.abs(row[2]) + row[7];
    }

    public static void main(String[] arguments) {
        var address = System.getenv().getOrDefault("MODELWIRE_ADDRESS", "127.0.0.1:9090");
        var network = Step.of("mlp_regressor").with("hidden_layer_sizes", 10, 20).with("activation", "relu")
                .with("learning_rate_init", 0.01);
        try (var client = ModelwireClient.connect(address)) {
            var losses = new double[150];
            for (int number = 0; number < losses.length; number++) {
                var rows = rows(200);
                var targets = IntStream.range(0, rows.length).mapToDouble(row -> target(rows[row])).toArray();
                var learned = client.partialFit("online-java", Batch.of(network).rows(rows).targets(targets).publishEvery(10));
                losses[number] = learned.loss().orElseThrow();
                learned.version().ifPresent(version ->
                        System.out.printf("batch %d: loss %.4f, version %d%n", learned.batch(), learned.loss().orElseThrow(), version));
            }
            if (!(losses[losses.length - 1] < losses[0] / 10)) {
                throw new AssertionError("the loss fell from " + losses[0] + " to " + losses[losses.length - 1] + " only");
            }
            var rows = rows(3);
            var prediction = client.predict("online-java", rows);
            for (int row = 0; row < rows.length; row++) {
                System.out.printf("%.2f, predicted by version %d as %.2f%n",
                        target(rows[row]), prediction.version(), prediction.values()[row]);
            }
        }
    }
}
