package io.modelwire.client;

import java.util.Arrays;

/**
 * A model as a file that other programs compute predictions with.
 *
 * @param model name of the model
 * @param version the version that was written
 * @param fileName what the file may be called: {@code "wine-3.onnx"}
 * @param sha256 that of the content, in hex
 * @param content the file
 */
public record ExportedModel(String model, long version, String fileName, String sha256, byte[] content) {

    /** The file as far as this piece goes. */
    ExportedModel followedBy(ExportedModel next) {
        var both = Arrays.copyOf(content, content.length + next.content.length);
        System.arraycopy(next.content, 0, both, content.length, next.content.length);
        return new ExportedModel(model, version, fileName, sha256, both);
    }
}
