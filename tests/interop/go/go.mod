module github.com/modelwire/modelwire/tests/interop/go

go 1.25

require (
	github.com/apache/thrift v0.24.0
	github.com/modelwire/modelwire/clients/go v0.1.0
	github.com/modelwire/modelwire/gen/go v0.1.0
)

replace (
	github.com/modelwire/modelwire/clients/go => ../../../clients/go
	github.com/modelwire/modelwire/gen/go => ../../../gen/go
)
