#include "connection.h"

#include <thrift/protocol/TBinaryProtocol.h>
#include <thrift/protocol/TCompactProtocol.h>
#include <thrift/protocol/THeaderProtocol.h>
#include <thrift/protocol/TJSONProtocol.h>
#include <thrift/protocol/TMultiplexedProtocol.h>
#include <thrift/transport/TBufferTransports.h>
#include <thrift/transport/THeaderTransport.h>
#include <thrift/transport/THttpClient.h>
#include <thrift/transport/TSSLSocket.h>
#include <thrift/transport/TSocket.h>

using namespace apache::thrift::protocol;
using namespace apache::thrift::transport;

namespace {

constexpr int kTimeoutMs = 60'000;

std::shared_ptr<TSocket> socketTo(const std::string& host, int port, const std::string& ca) {
  if (ca.empty()) return std::make_shared<TSocket>(host, port);
  TSSLSocketFactory factory(TLSv1_2);
  factory.authenticate(true);
  factory.loadTrustedCertificates(ca.c_str());
  return factory.createSocket(host, port);
}

std::shared_ptr<TProtocol> protocolOver(const std::shared_ptr<TTransport>& transport, const std::string& name) {
  if (name == "binary") return std::make_shared<TBinaryProtocol>(transport);
  if (name == "compact") return std::make_shared<TCompactProtocol>(transport);
  if (name == "json") return std::make_shared<TJSONProtocol>(transport);
  throw std::invalid_argument("there is no protocol " + name);
}

/** THeader is a protocol here; it carries binary and compact. */
std::shared_ptr<TProtocol> headerOver(const std::shared_ptr<TTransport>& transport, const Options& options) {
  if (options.protocol == "json") throw std::invalid_argument("THeader does not carry JSON");
  auto protocol = std::make_shared<THeaderProtocol>(
      transport, options.protocol == "binary" ? T_BINARY_PROTOCOL : T_COMPACT_PROTOCOL);
  if (options.transport == "theader-zlib") {
    std::dynamic_pointer_cast<THeaderTransport>(protocol->getTransport())->setTransform(THeaderTransport::ZLIB_TRANSFORM);
  }
  return protocol;
}

}  // namespace

std::shared_ptr<TProtocol> connected(const Options& options) {
  const auto colon = options.address.rfind(':');
  const std::string host = options.address.substr(0, colon);
  const auto socket = socketTo(host, std::stoi(options.address.substr(colon + 1)), options.ca);
  socket->setConnTimeout(kTimeoutMs);
  socket->setRecvTimeout(kTimeoutMs);
  socket->setSendTimeout(kTimeoutMs);

  std::shared_ptr<TProtocol> protocol;
  if (options.transport == "framed") {
    protocol = protocolOver(std::make_shared<TFramedTransport>(socket), options.protocol);
  } else if (options.transport == "unframed") {
    protocol = protocolOver(std::make_shared<TBufferedTransport>(socket), options.protocol);
  } else if (options.transport == "http") {
    protocol = protocolOver(std::make_shared<THttpClient>(socket, host, "/"), options.protocol);
  } else if (options.transport == "theader" || options.transport == "theader-zlib") {
    protocol = headerOver(socket, options);
  } else {
    throw std::invalid_argument("there is no transport " + options.transport);
  }
  protocol->getTransport()->open();
  return protocol;
}

std::shared_ptr<TProtocol> of(const std::string& service, const std::shared_ptr<TProtocol>& protocol, bool multiplexed) {
  if (!multiplexed) return protocol;
  return std::make_shared<TMultiplexedProtocol>(protocol, service);
}
