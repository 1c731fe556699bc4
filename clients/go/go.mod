module github.com/modelwire/modelwire/clients/go

go 1.25

require (
	github.com/apache/thrift v0.24.0
	github.com/modelwire/modelwire/gen/go v0.1.0
)

// Inside this repository the stubs are always those beside the client; a program that depends on the client takes the
// released ones, because Go ignores the replace lines of dependencies.
replace github.com/modelwire/modelwire/gen/go => ../../gen/go
