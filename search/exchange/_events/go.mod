module espalier/events

go 1.26

require (
	github.com/golang/protobuf v1.5.4
	github.com/helinwang/tfsum v0.0.0-20170424205007-0203575258a5
)

require google.golang.org/protobuf v1.33.0 // indirect
