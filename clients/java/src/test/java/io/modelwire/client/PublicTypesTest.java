package io.modelwire.client;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;

import java.io.IOException;
import java.lang.reflect.Executable;
import java.lang.reflect.Modifier;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

class PublicTypesTest {
    private static List<Class<?>> publicClasses() throws IOException {
        try (var files = Files.list(Path.of("target/classes/io/modelwire/client"))) {
            return files.map(file -> file.getFileName().toString())
                    .filter(name -> name.endsWith(".class") && !name.equals("package-info.class"))
                    .<Class<?>>map(name -> load("io.modelwire.client." + name.replace(".class", "")))
                    .filter(PublicTypesTest::isVisible)
                    .toList();
        }
    }

    private static Class<?> load(String name) {
        try {
            return Class.forName(name);
        } catch (ClassNotFoundException missing) {
            throw new AssertionError(missing);
        }
    }

    private static boolean isVisible(Class<?> type) {
        return Modifier.isPublic(type.getModifiers()) && (type.getEnclosingClass() == null || isVisible(type.getEnclosingClass()));
    }

    @Test
    void thePublicTypesAreThese() throws IOException {
        Set<String> names = new TreeSet<>();
        publicClasses().stream().filter(type -> type.getEnclosingClass() == null).forEach(type -> names.add(type.getSimpleName()));

        assertEquals(new TreeSet<>(Set.of("Alias", "Batch", "ClientBuilder", "Column", "ColumnSchema", "ColumnType", "Dataset", "DatasetDescription",
                "ErrorCode", "Evaluation", "EvaluationRequest", "Explanation", "ExportedModel", "Greeting", "ImportanceRequest",
                "Job", "JobEvent", "JobState", "JobStatus", "LearnedBatch", "Learner", "ModelSummary", "ModelVersion",
                "ModelwireClient", "ModelwireException", "PermutationImportance", "Prediction", "PredictionOutcome",
                "PredictionRequest", "Search", "SearchResult", "ServerDescription", "ServerStatus", "Step", "Table",
                "Tls", "Training", "TrainingResult")), names);
    }

    @Test
    void noGeneratedTypeStandsInAPublicSignature() throws IOException {
        for (var type : publicClasses()) {
            Stream<Executable> members = Stream.concat(Stream.of(type.getDeclaredMethods()), Stream.of(type.getDeclaredConstructors()));
            members.filter(member -> Modifier.isPublic(member.getModifiers()) && !member.isSynthetic()).forEach(member ->
                    assertFalse(member.toGenericString().matches(".*(io\\.modelwire\\.wire|org\\.apache\\.thrift).*"), member.toGenericString()));
        }
    }
}
