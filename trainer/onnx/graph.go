package onnx

import "strconv"

// value is what flows between nodes: a batch of vectors, or of maps in one of two orders.
type value struct {
	name  string
	shape []int // of one row as the trainer has it: [features] or [H W C]
	first bool  // maps: channels come first, [C H W], as ONNX' operators want them
}

// isMap tells maps from vectors.
func (v value) isMap() bool { return len(v.shape) == 3 }

// dims is the shape as the graph has it.
func (v value) dims() []int {
	if v.first {
		return []int{v.shape[2], v.shape[0], v.shape[1]}
	}
	return v.shape
}

// graph collects nodes and constants in the order they are computed.
type graph struct {
	nodes, constants, values []message
	names                    map[string]int
}

// node adds an operator and gives its result, which has the shape and order of like. scope is the layer it is of. The
// names of results are those of nodes.
func (g *graph) node(scope, op string, like value, inputs []string, attributes ...attribute) value {
	name := g.unique(scope + "." + op)
	return g.named(name, name, op, like, inputs, attributes...)
}

func (g *graph) named(name, result, op string, like value, inputs []string, attributes ...attribute) value {
	var m message
	for _, in := range inputs {
		m.text(nodeInput, in)
	}
	m.text(nodeOutput, result)
	m.text(nodeName, name)
	m.text(nodeOp, op)
	for _, a := range attributes {
		m.inside(nodeAttribute, a.message())
	}
	g.nodes = append(g.nodes, m)
	out := value{result, like.shape, like.first}
	if result != outputName {
		g.values = append(g.values, valueMessage(result, out.dims()))
	}
	return out
}

// constant adds a tensor under a name, made unique, and gives that.
func (g *graph) constant(name string, shape []int, values []float32) string {
	name = g.unique(name)
	g.constants = append(g.constants, tensorMessage(name, shape, values))
	return name
}

// unique numbers names that stand more than once: "layers.3.Transpose", "layers.3.Transpose_1".
func (g *graph) unique(name string) string {
	n := g.names[name]
	g.names[name]++
	if n == 0 {
		return name
	}
	return g.unique(name + "_" + strconv.Itoa(n))
}

// channelsFirst turns a map, if it is not yet turned.
func (g *graph) channelsFirst(scope string, x value) value {
	if !x.isMap() || x.first {
		return x
	}
	return g.node(scope, "Transpose", value{shape: x.shape, first: true}, []string{x.name}, attribute{"perm", []int{0, 3, 1, 2}})
}

// flat makes a vector of a map, in the order height, width, channel.
func (g *graph) flat(scope string, x value) value {
	if !x.isMap() {
		return x
	}
	if x.first {
		x = g.node(scope, "Transpose", value{shape: x.shape}, []string{x.name}, attribute{"perm", []int{0, 2, 3, 1}})
	}
	size := x.shape[0] * x.shape[1] * x.shape[2]
	return g.node(scope, "Flatten", value{shape: []int{size}}, []string{x.name}, attribute{"axis", 1})
}

// message is the GraphProto.
func (g *graph) message(name string, input, output value) (m message) {
	for _, n := range g.nodes {
		m.inside(graphNode, n)
	}
	m.text(graphName, name)
	size := 0
	for _, c := range g.constants {
		size += len(c) + 16
	}
	m = append(make(message, 0, 2*len(m)+size+4096), m...)
	for _, c := range g.constants {
		m.inside(graphInitializer, c)
	}
	m.inside(graphInput, valueMessage(input.name, input.dims()))
	m.inside(graphOutput, valueMessage(output.name, output.dims()))
	for _, v := range g.values {
		m.inside(graphValueInfo, v)
	}
	return m
}
