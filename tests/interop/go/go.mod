module github.com/modelwire/modelwire/tests/interop/go

go 1.25

require (
	github.com/apache/thrift v0.24.0
	github.com/cloudwego/gopkg v0.1.4
	github.com/modelwire/modelwire/clients/go v0.1.0
	github.com/modelwire/modelwire/gen/go v0.1.0
)

require (
	github.com/bytedance/gopkg v0.1.1 // indirect
	golang.org/x/net v0.24.0 // indirect
	golang.org/x/text v0.14.0 // indirect
)

replace (
	github.com/modelwire/modelwire/clients/go => ../../../clients/go
	github.com/modelwire/modelwire/gen/go => ../../../gen/go
)
