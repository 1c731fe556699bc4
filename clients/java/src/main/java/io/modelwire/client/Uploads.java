package io.modelwire.client;

import io.modelwire.wire.AppendRowsRequest;
import io.modelwire.wire.CommitDatasetRequest;
import io.modelwire.wire.CreateDatasetRequest;
import java.time.Duration;

/** Stores a table as a new version of a data set, piece by piece. */
final class Uploads {
    private Uploads() {
    }

    /** {@code timeout} is that of each call, not of the whole. */
    static Dataset upload(Caller caller, Duration timeout, String name, Table table, int maxRowsPerPiece) {
        var pieces = new Pieces(table, maxRowsPerPiece);
        var uploadId = caller.call(Method.CREATE_DATASET, timeout, (to, context) ->
                to.datasets().create_dataset(new CreateDatasetRequest().setContext(context).setName(name))).getUpload_id();
        while (pieces.hasNext()) {
            long offset = pieces.from();
            var rows = WireTables.encode(pieces.next());
            long crc32 = WireTables.crc32(rows);
            caller.call(Method.APPEND_ROWS, timeout, (to, context) -> to.datasets().append_rows(new AppendRowsRequest()
                    .setContext(context).setUpload_id(uploadId).setOffset(offset).setTable(rows).setCrc32(crc32)));
        }
        return Replies.dataset(caller.call(Method.COMMIT_DATASET, timeout, (to, context) ->
                to.datasets().commit_dataset(new CommitDatasetRequest()
                        .setContext(context).setUpload_id(uploadId).setN_rows(table.size()))).getDataset());
    }
}
