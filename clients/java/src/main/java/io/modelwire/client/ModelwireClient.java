package io.modelwire.client;

import io.modelwire.wire.CancelJobRequest;
import io.modelwire.wire.DeleteDatasetRequest;
import io.modelwire.wire.DeleteVersionRequest;
import io.modelwire.wire.DescribeDatasetRequest;
import io.modelwire.wire.DescribeModelRequest;
import io.modelwire.wire.DescribeRequest;
import io.modelwire.wire.EchoRequest;
import io.modelwire.wire.GetJobRequest;
import io.modelwire.wire.HelloRequest;
import io.modelwire.wire.ListDatasetsRequest;
import io.modelwire.wire.ListJobsRequest;
import io.modelwire.wire.ListModelsRequest;
import io.modelwire.wire.PredictRequest;
import io.modelwire.wire.SetAliasRequest;
import io.modelwire.wire.StatusRequest;
import io.modelwire.wire.Tensor;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Optional;
import java.util.function.Consumer;
import java.util.stream.Stream;

/**
 * A client of one Modelwire server.
 *
 * <p>Close it when you are done with it. Reuse it: it keeps its connections. Threads may share it.
 *
 * <p>Every method throws a {@link ModelwireException}: the subclasses that its own text names, {@link
 * ModelwireException.Unavailable} if the server cannot be reached, {@link ModelwireException.DeadlineExceeded} if it does not
 * answer in time. A call that was certainly not run is repeated, at most twice and never past its time-out; one that may have
 * been run is repeated only after a lost connection and only if running it twice does no harm.
 */
public final class ModelwireClient implements AutoCloseable {
    private final Address address;
    private final Options options;
    private final ConnectionPool pool;
    private final Caller caller;
    private final Duration timeout;

    private ModelwireClient(Address address, Options options, ConnectionPool pool, Duration timeout) {
        this.address = address;
        this.options = options;
        this.pool = pool;
        this.caller = new Caller(pool, options.token());
        this.timeout = timeout;
    }

    /**
     * A client with the defaults of {@link Builder}. It connects with its first call.
     *
     * @param address {@code host:port}
     * @return the client
     * @throws ModelwireException.InvalidArgument if that is no address
     */
    public static ModelwireClient connect(String address) {
        return builder(address).build();
    }

    /**
     * Starts a client with options.
     *
     * @param address {@code host:port}
     * @return what options are set on
     * @throws ModelwireException.InvalidArgument if that is no address
     */
    public static Builder builder(String address) {
        return new Builder(Address.parse(address));
    }

    /**
     * The same client with another time-out for its calls: {@code client.withTimeout(Duration.ofMillis(50)).predict(…)}. It
     * shares the connections; closing either closes both.
     *
     * @param callTimeout how long each call may take, retries included
     * @return the client to make such calls with
     */
    public ModelwireClient withTimeout(Duration callTimeout) {
        Options.requirePositive("call time-out", callTimeout);
        return new ModelwireClient(address, options, pool, callTimeout);
    }

    /** Closes the connections. Calls that run end first. */
    @Override
    public void close() {
        pool.close();
    }

    // The server

    /**
     * Greets the world.
     *
     * @return what the server says
     */
    public Greeting hello() {
        return hello("World");
    }

    /**
     * Greets.
     *
     * @param name whom to greet, at most 256 characters
     * @return what the server says
     * @throws ModelwireException.InvalidArgument if the name is too long
     */
    public Greeting hello(String name) {
        return Replies.greeting(caller.call(Method.HELLO, timeout,
                (to, context) -> to.health().hello(new HelloRequest().setContext(context).setName(name))));
    }

    /**
     * Answers whether the server and each model are live and ready.
     *
     * @return how the server is
     */
    public ServerStatus status() {
        return Replies.status(caller.call(Method.STATUS, timeout,
                (to, context) -> to.health().status(new StatusRequest().setContext(context))));
    }

    /**
     * Answers version, limits, methods, and the algorithms with their hyper-parameters.
     *
     * @return what the server can do
     */
    public ServerDescription describe() {
        return Replies.description(caller.call(Method.DESCRIBE, timeout,
                (to, context) -> to.health().describe(new DescribeRequest().setContext(context))));
    }

    /**
     * Sends bytes there and back: for measuring latency and bandwidth.
     *
     * @param payload any bytes
     * @return the same bytes
     */
    public byte[] echo(byte[] payload) {
        return caller.call(Method.ECHO, timeout,
                (to, context) -> to.health().echo(new EchoRequest().setContext(context).setPayload(payload))).getPayload();
    }

    // Predictions

    /**
     * Answers one prediction for each row of a matrix.
     *
     * @param model {@code "churn"} (its alias {@code stable}), {@code "churn@3"}, {@code "churn@canary"} or {@code "churn@latest"}
     * @param rows shape (n, n_features), columns in the model's order
     * @return n predictions
     * @throws ModelwireException.NotFound if there is no such model, version or alias
     * @throws ModelwireException.InvalidArgument if rows differ in length, or do not fit the model
     */
    public Prediction predict(String model, double[][] rows) {
        return predict(model, Tensors.of(rows));
    }

    /**
     * Answers one prediction for each row of a matrix, sent in half the bytes.
     *
     * @param model as in {@link #predict(String, double[][])}
     * @param rows shape (n, n_features), columns in the model's order
     * @return n predictions
     * @throws ModelwireException.NotFound if there is no such model, version or alias
     * @throws ModelwireException.InvalidArgument if rows differ in length, or do not fit the model
     */
    public Prediction predict(String model, float[][] rows) {
        return predict(model, Tensors.of(rows));
    }

    /**
     * Answers a prediction for one row.
     *
     * @param model as in {@link #predict(String, double[][])}
     * @param row shape (n_features), in the model's order
     * @return one prediction
     * @throws ModelwireException.NotFound if there is no such model, version or alias
     * @throws ModelwireException.InvalidArgument if the row does not fit the model
     */
    public Prediction predict(String model, double[] row) {
        return predict(model, new double[][] {row});
    }

    /**
     * Answers one prediction for each row of a table.
     *
     * @param model as in {@link #predict(String, double[][])}
     * @param table all columns of the model and no others, in any order
     * @return n predictions
     * @throws ModelwireException.NotFound if there is no such model, version or alias
     * @throws ModelwireException.InvalidArgument if the columns do not fit the model
     */
    public Prediction predict(String model, Table table) {
        var rows = WireTables.encode(table);
        return Replies.prediction(caller.call(Method.PREDICT, timeout, (to, context) ->
                to.inference().predict(new PredictRequest().setContext(context).setModel(model).setTable(rows))));
    }

    private Prediction predict(String model, Tensor matrix) {
        return Replies.prediction(caller.call(Method.PREDICT, timeout, (to, context) ->
                to.inference().predict(new PredictRequest().setContext(context).setModel(model).setMatrix(matrix))));
    }

    // Training

    /**
     * Starts training. It goes on at the server, also over a restart of it.
     *
     * @param model name of the model to publish a version of: a letter, then at most 63 letters, digits, {@code _ . -}
     * @param training steps, rows and target
     * @return the job; {@link Job#await()} waits for the version
     * @throws ModelwireException.InvalidArgument if a name, step, hyper-parameter, column or value is wrong, or the rows are too
     *     many for one call
     * @throws ModelwireException.NotFound if there is no such data set
     * @throws ModelwireException.Overloaded if too many jobs wait
     */
    public Job train(String model, Training training) {
        var request = Requests.train(model, training);
        var reply = caller.call(Method.TRAIN, timeout,
                (to, context) -> to.training().train(request.setContext(context)));
        return new Job(this, Replies.job(reply.job).id());
    }

    /**
     * A job that was started before, here or elsewhere.
     *
     * @param id the job's id
     * @return the job; nothing is asked yet
     */
    public Job job(String id) {
        return new Job(this, id);
    }

    /**
     * Answers a job as it is now.
     *
     * @param id the job's id
     * @return its status
     * @throws ModelwireException.NotFound if there is no such job
     */
    public JobStatus getJob(String id) {
        return Replies.job(caller.call(Method.GET_JOB, timeout,
                (to, context) -> to.training().get_job(new GetJobRequest().setContext(context).setJob_id(id))).job);
    }

    /**
     * Follows a job until it has ended, whichever way.
     *
     * @param id the job's id
     * @param wait how long to wait
     * @param onEvent is called for each event, in order, by the waiting thread
     * @return the job as it ended
     * @throws ModelwireException.NotFound if there is no such job
     * @throws ModelwireException.DeadlineExceeded if it has not ended by then; it goes on
     */
    public JobStatus watchJob(String id, Duration wait, Consumer<JobEvent> onEvent) {
        try (var watch = new JobWatch(address, options, timeout, id)) {
            return watch.untilEnd(wait, onEvent);
        }
    }

    /**
     * Answers the jobs, newest first. The stream asks for more as it is read.
     *
     * @return the jobs as they are when they are read
     */
    public Stream<JobStatus> listJobs() {
        return Pages.stream(after -> {
            var page = caller.call(Method.LIST_JOBS, timeout,
                    (to, context) -> to.training().list_jobs(new ListJobsRequest().setContext(context).setAfter(after)));
            return new Pages.Page<>(Replies.each(page.jobs, Replies::job), page.next_page);
        });
    }

    /**
     * Cancels a job that waits or runs.
     *
     * @param id the job's id
     * @return its status; that of its end if it had ended before
     * @throws ModelwireException.NotFound if there is no such job
     */
    public JobStatus cancelJob(String id) {
        return Replies.job(caller.call(Method.CANCEL_JOB, timeout,
                (to, context) -> to.training().cancel_job(new CancelJobRequest().setContext(context).setJob_id(id))).job);
    }

    // Models

    /**
     * Answers the models by name. The stream asks for more as it is read.
     *
     * @return the models with their versions and aliases
     */
    public Stream<ModelSummary> listModels() {
        return Pages.stream(after -> {
            var page = caller.call(Method.LIST_MODELS, timeout,
                    (to, context) -> to.models().list_models(new ListModelsRequest().setContext(context).setAfter(after)));
            return new Pages.Page<>(Replies.each(page.models, Replies::modelSummary), page.next_page);
        });
    }

    /**
     * Answers what a version takes, how it was made and how well it fits.
     *
     * @param reference as in {@link #predict(String, double[][])}
     * @return the version
     * @throws ModelwireException.NotFound if there is no such model, version or alias
     * @throws ModelwireException.InvalidArgument if that is no reference
     */
    public ModelVersion describeModel(String reference) {
        return Replies.modelVersion(caller.call(Method.DESCRIBE_MODEL, timeout,
                (to, context) -> to.models().describe_model(new DescribeModelRequest().setContext(context).setModel(reference))).model);
    }

    /**
     * Points an alias at a version, whatever it names now.
     *
     * @param model name of the model
     * @param alias name of the alias, not {@code latest}
     * @param version the version that it shall name; 0 removes the alias (never {@code stable})
     * @return the alias as it is now; empty if it was removed
     * @throws ModelwireException.NotFound if there is no such model or version
     * @throws ModelwireException.InvalidArgument if that is no name for an alias
     * @throws ModelwireException.FailedPrecondition if {@code stable} would be removed
     */
    public Optional<Alias> setAlias(String model, String alias, long version) {
        return setAlias(new SetAliasRequest().setModel(model).setAlias_name(alias).setVersion(version));
    }

    /**
     * Points an alias at a version, if it is still as the caller has seen it.
     *
     * @param model name of the model
     * @param alias name of the alias, not {@code latest}
     * @param version the version that it shall name; 0 removes the alias (never {@code stable})
     * @param expectedGeneration {@link Alias#generation()} as seen, 0 for an alias that is new
     * @return the alias as it is now; empty if it was removed
     * @throws ModelwireException.NotFound if there is no such model or version
     * @throws ModelwireException.InvalidArgument if that is no name for an alias
     * @throws ModelwireException.FailedPrecondition if somebody else has set it since, or {@code stable} would be removed
     */
    public Optional<Alias> setAlias(String model, String alias, long version, long expectedGeneration) {
        return setAlias(new SetAliasRequest().setModel(model).setAlias_name(alias).setVersion(version)
                .setExpected_generation(expectedGeneration));
    }

    private Optional<Alias> setAlias(SetAliasRequest request) {
        var reply = caller.call(Method.SET_ALIAS, timeout,
                (to, context) -> to.models().set_alias(request.setContext(context)));
        return Optional.ofNullable(reply.current).map(Replies::alias);
    }

    /**
     * Deletes a version for good.
     *
     * @param model name of the model
     * @param version its version
     * @throws ModelwireException.NotFound if there is no such model or version
     * @throws ModelwireException.FailedPrecondition if an alias names it
     */
    public void deleteVersion(String model, long version) {
        caller.call(Method.DELETE_VERSION, timeout, (to, context) -> to.models().delete_version(
                new DeleteVersionRequest().setContext(context).setModel(model).setVersion(version)));
    }

    // Data sets

    /**
     * Stores a table as a new version of a data set, in pieces of at most 8 MiB. The time-out is that of each piece.
     *
     * @param name name of the data set: a letter, then at most 63 letters, digits, {@code _ . -}
     * @param table the rows
     * @return the version
     * @throws ModelwireException.InvalidArgument if that is no name
     * @throws ModelwireException.Overloaded if too many uploads are open
     */
    public Dataset upload(String name, Table table) {
        return upload(name, table, Integer.MAX_VALUE);
    }

    /**
     * Stores a table as a new version of a data set, in pieces of at most 8 MiB and so many rows.
     *
     * @param name as in {@link #upload(String, Table)}
     * @param table the rows
     * @param maxRowsPerPiece at least 1
     * @return the version; it does not depend on the pieces
     * @throws ModelwireException.InvalidArgument if that is no name
     * @throws ModelwireException.Overloaded if too many uploads are open
     */
    public Dataset upload(String name, Table table, int maxRowsPerPiece) {
        return Uploads.upload(caller, timeout, name, table, maxRowsPerPiece);
    }

    /**
     * Stores a CSV file as a new version of a data set.
     *
     * @param name as in {@link #upload(String, Table)}
     * @param csv as in {@link Table#csv(Path)}
     * @return the version
     * @throws ModelwireException.InvalidArgument if that is no name, or the file is not well formed
     * @throws java.io.UncheckedIOException if the file cannot be read
     */
    public Dataset upload(String name, Path csv) {
        return upload(name, Table.csv(csv));
    }

    /**
     * Answers schema and statistics of a data set.
     *
     * @param reference {@code "wine"} (newest version) or {@code "wine@2"}
     * @return the version and what is in its columns
     * @throws ModelwireException.NotFound if there is no such data set or version
     * @throws ModelwireException.InvalidArgument if that is no reference
     */
    public DatasetDescription describeDataset(String reference) {
        return Replies.datasetDescription(caller.call(Method.DESCRIBE_DATASET, timeout, (to, context) ->
                to.datasets().describe_dataset(new DescribeDatasetRequest().setContext(context).setDataset(reference))));
    }

    /**
     * Answers the data sets, by name and then by version. The stream asks for more as it is read.
     *
     * @return the data sets
     */
    public Stream<Dataset> listDatasets() {
        return Pages.stream(after -> {
            var page = caller.call(Method.LIST_DATASETS, timeout,
                    (to, context) -> to.datasets().list_datasets(new ListDatasetsRequest().setContext(context).setAfter(after)));
            return new Pages.Page<>(Replies.each(page.datasets, Replies::dataset), page.next_page);
        });
    }

    /**
     * Deletes all versions of a data set.
     *
     * @param name name of the data set
     * @throws ModelwireException.NotFound if there is none
     */
    public void deleteDataset(String name) {
        deleteDataset(new DeleteDatasetRequest().setName(name));
    }

    /**
     * Deletes a version of a data set.
     *
     * @param name name of the data set
     * @param version its version
     * @throws ModelwireException.NotFound if there is none
     */
    public void deleteDataset(String name, long version) {
        deleteDataset(new DeleteDatasetRequest().setName(name).setVersion(version));
    }

    private void deleteDataset(DeleteDatasetRequest request) {
        caller.call(Method.DELETE_DATASET, timeout,
                (to, context) -> to.datasets().delete_dataset(request.setContext(context)));
    }

    /** Options of a client. */
    public static final class Builder {
        private final Address address;
        private Options options = Options.DEFAULTS;

        private Builder(Address address) {
            this.address = address;
        }

        /**
         * How long opening a connection may take.
         *
         * @param timeout not called: 1 s
         * @return this
         */
        public Builder connectTimeout(Duration timeout) {
            options = options.withConnectTimeout(timeout);
            return this;
        }

        /**
         * How long each call may take, retries included. The server knows it and drops work that is late.
         *
         * @param timeout not called: 30 s
         * @return this
         */
        public Builder callTimeout(Duration timeout) {
            options = options.withCallTimeout(timeout);
            return this;
        }

        /**
         * How many calls may run at once; further ones wait. {@link ModelwireClient#watchJob} does not count.
         *
         * @param connections not called: 8
         * @return this
         */
        public Builder maxConnections(int connections) {
            options = options.withMaxConnections(connections);
            return this;
        }

        /**
         * Who calls.
         *
         * @param token not called: none
         * @return this
         */
        public Builder token(String token) {
            options = options.withToken(token);
            return this;
        }

        /**
         * Makes the client. It connects with its first call.
         *
         * @return the client
         */
        public ModelwireClient build() {
            return new ModelwireClient(address, options, new ConnectionPool(address, options), options.callTimeout());
        }
    }
}
