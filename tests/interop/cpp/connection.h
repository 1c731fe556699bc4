// The transports and protocols of the Apache library, by the names of tests/interop/README.md.
#pragma once

#include <memory>
#include <string>
#include <thrift/protocol/TProtocol.h>
#include <thrift/transport/TTransport.h>

#include "client.h"

/** An open protocol over the transport that the options name; throws std::invalid_argument for one that is not there. */
std::shared_ptr<apache::thrift::protocol::TProtocol> connected(const Options& options);

/** What a service writes to: the protocol itself, or one that puts the name of the service before each method. */
std::shared_ptr<apache::thrift::protocol::TProtocol> of(
    const std::string& service, const std::shared_ptr<apache::thrift::protocol::TProtocol>& protocol, bool multiplexed);
