module github.com/modelwire/modelwire/gen/go

go 1.25

require github.com/apache/thrift v0.24.0
