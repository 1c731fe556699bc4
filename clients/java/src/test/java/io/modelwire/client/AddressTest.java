package io.modelwire.client;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class AddressTest {
    @Test
    void hostsNamesAndBothKindsOfNumbersAreTaken() {
        assertEquals(new Address("localhost", 9090), Address.parse("localhost:9090"));
        assertEquals(new Address("10.0.0.1", 1), Address.parse("10.0.0.1:1"));
        assertEquals(new Address("::1", 9090), Address.parse("[::1]:9090"));
        assertEquals("[::1]:9090", Address.parse("[::1]:9090").toString());
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "localhost", ":9090", "localhost:", "localhost:0", "localhost:65536", "localhost:http", "::1:9090"})
    void otherTextIsRefused(String text) {
        assertThrows(ModelwireException.InvalidArgument.class, () -> ModelwireClient.connect(text));
    }
}
