package exchange

import (
	"fmt"
	"maps"
	"slices"

	"google.golang.org/protobuf/encoding/protowire"

	"espalier/grids"
	"espalier/search"
)

// Field numbers of TensorBoard's hparams plugin, from plugin_data.proto and api.proto.
const (
	dataExperiment = 2
	dataStart      = 3
	dataEnd        = 4

	experimentDescription = 1
	experimentCreated     = 3
	experimentHParams     = 4
	experimentMetrics     = 5
	experimentName        = 6

	hparamName     = 1
	hparamType     = 4
	hparamDiscrete = 5
	hparamInterval = 6
	intervalLow    = 1
	intervalHigh   = 2

	metricName    = 1
	metricDisplay = 3
	metricDataset = 5
	nameTag       = 2

	startHParams = 1
	startGroup   = 4
	startTime    = 5
	entryKey     = 1
	entryValue   = 2

	endStatus = 1
	endTime   = 2
)

// Values of enumerations.
const (
	typeString     = 1
	typeBool       = 2
	typeNumber     = 3
	onTraining     = 1
	onValidation   = 2
	statusSuccess  = 1
	statusFailure  = 2
	hparams        = "hparams"
	tagExperiment  = "_hparams_/experiment"
	tagStart       = "_hparams_/session_start_info"
	tagEnd         = "_hparams_/session_end_info"
	discreteLimit  = 1000 // values of an axis that are listed; of more the plugin shows no check boxes
	tagScore       = "score"
	tagLearning    = "learning_rate"
	trainSuffix    = "/train"
	validateSuffix = "/validation"
)

// pluginData wraps a message of the plugin; its version, 0, is protobuf's default.
func pluginData(field protowire.Number, part message) (m message) {
	m.inside(field, part)
	return m
}

// structValue is a google.protobuf.Value; ok is false for what has none here.
func structValue(v any) (m message, ok bool) {
	switch v := v.(type) {
	case string:
		m.text(structString, v)
	case bool:
		m.integer(structBool, int64(protowire.EncodeBool(v)))
	case int64:
		m.double(structNumber, float64(v))
	case float64:
		m.double(structNumber, v)
	default:
		return nil, false
	}
	return m, true
}

// experiment describes the axes and the metrics, once for the whole folder.
func (s Source) experiment(created float64) message {
	head := s.head()
	var m message
	m.text(experimentDescription, fmt.Sprintf("sweep %s, id %s, data %s, metric %s, seed %d, version %s, kernel %s",
		head.Sweep, head.ID, head.Data, head.Metric, head.Seed, head.Version, head.Kernel))
	m.double(experimentCreated, created)
	for _, a := range s.Sweep.File.Grid.Axes() {
		m.inside(experimentHParams, hparamInfo(a))
	}
	metric := func(tag, display string, dataset int64) {
		var name, info message
		name.text(nameTag, tag)
		info.inside(metricName, name)
		if display != "" {
			info.text(metricDisplay, display)
		}
		info.integer(metricDataset, dataset)
		m.inside(experimentMetrics, info)
	}
	metric(tagScore, s.Sweep.Metric+" that counts", onValidation)
	for _, c := range s.scalars() {
		if c.dataset != 0 {
			metric(c.tag, "", c.dataset)
		}
	}
	m.text(experimentName, head.Sweep)
	return pluginData(dataExperiment, m)
}

func hparamInfo(a grids.Axis) (info message) {
	k := axisKind(a)
	info.text(hparamName, a.Name)
	info.integer(hparamType, map[kind]int64{text: typeString, truth: typeBool, integer: typeNumber, real: typeNumber}[k])
	switch {
	case a.Values == nil:
		var interval message
		interval.double(intervalLow, a.Min)
		interval.double(intervalHigh, a.Max)
		info.inside(hparamInterval, interval)
	case len(a.Values) <= discreteLimit:
		var list message
		for _, v := range a.Values {
			if value, ok := structValue(asKind(v, k)); ok {
				list.inside(listValues, value)
			}
		}
		info.inside(hparamDiscrete, list)
	}
	return info
}

// start says with which parameters a run began. Folds of a trial are one group.
func (s Source) start(r *Run, group string, kinds map[string]kind, wall float64) (m message) {
	for _, name := range slices.Sorted(maps.Keys(r.Trial.Point.Values)) {
		value, ok := structValue(asKind(r.Trial.Point.Values[name], kinds[name]))
		if !ok {
			continue
		}
		var entry message
		entry.text(entryKey, name)
		entry.inside(entryValue, value)
		m.inside(startHParams, entry)
	}
	m.text(startGroup, group)
	m.double(startTime, wall)
	return pluginData(dataStart, m)
}

// end says how a run ended.
func end(r *Run, wall float64) (m message) {
	status := int64(statusFailure)
	if r.State == search.Complete {
		status = statusSuccess
	}
	m.integer(endStatus, status)
	m.double(endTime, wall)
	return pluginData(dataEnd, m)
}
