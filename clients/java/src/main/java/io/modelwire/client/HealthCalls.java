package io.modelwire.client;

import io.modelwire.wire.DescribeRequest;
import io.modelwire.wire.EchoRequest;
import io.modelwire.wire.HelloRequest;
import io.modelwire.wire.StatusRequest;

/** Calls of the service Health; {@link ModelwireClient} says what each does. */
record HealthCalls(Caller caller) {

    Greeting hello(String name) {
        return Replies.greeting(caller.call(Method.HELLO,
                (to, context) -> to.health().hello(new HelloRequest().setContext(context).setName(name))));
    }

    ServerStatus status() {
        return Replies.status(caller.call(Method.STATUS,
                (to, context) -> to.health().status(new StatusRequest().setContext(context))));
    }

    ServerDescription describe() {
        return Replies.description(caller.call(Method.DESCRIBE,
                (to, context) -> to.health().describe(new DescribeRequest().setContext(context))));
    }

    byte[] echo(byte[] payload) {
        return caller.call(Method.ECHO,
                (to, context) -> to.health().echo(new EchoRequest().setContext(context).setPayload(payload))).getPayload();
    }
}
