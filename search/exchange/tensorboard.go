package exchange

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"time"

	"espalier/trainer"
)

// scalar is one curve of a run.
type scalar struct {
	tag     string
	dataset int64 // of the hparams plugin; 0: no metric
	read    func(e *trainer.Epoch) float64
}

// scalars are the curves: training and validation of loss and accuracy, the sweep's metric where it is another, and the
// learning rate. What stands before the slash is one section of TensorBoard's page.
func (s Source) scalars() []scalar {
	on := func(metric string) scalar {
		return scalar{metric + validateSuffix, onValidation, func(e *trainer.Epoch) float64 { return validation(e, metric) }}
	}
	all := []scalar{
		on("accuracy"), {"accuracy" + trainSuffix, onTraining, func(e *trainer.Epoch) float64 { return e.TrainAccuracy }},
		on("loss"), {"loss" + trainSuffix, onTraining, func(e *trainer.Epoch) float64 { return e.TrainLoss }},
	}
	if s.Sweep.Metric != "accuracy" && s.Sweep.Metric != "loss" {
		all = append(all, on(s.Sweep.Metric))
	}
	return append(all, scalar{tagLearning, 0, func(e *trainer.Epoch) float64 { return e.LearningRate }})
}

// TensorBoard writes event files: one at the root that describes the axes and metrics, and one for each run, in a folder
// of the trial's ID and one of its fold below it. create is given the path of a file, slashes between folders, of hex digits,
// letters and points only, whatever the sweep's names are. The count is of runs.
func (s Source) TensorBoard(ctx context.Context, create func(path string) (io.WriteCloser, error)) (runs int, err error) {
	kinds := map[string]kind{}
	for _, a := range s.Sweep.File.Grid.Axes() {
		kinds[a.Name] = axisKind(a)
	}
	scalars, names := s.scalars(), map[string]string{}
	var created time.Time
	for r, err := range s.Runs(ctx) {
		if err != nil {
			return runs, err
		}
		if created.IsZero() || r.Recorded.Before(created) {
			created = r.Recorded
		}
		group := folderOf(r, names)
		wall := epochTimes(r)
		err := writeEvents(create, group+"/"+s.foldName(r), wall[0], func(f *eventFile) {
			f.plugin(wall[0], tagStart, hparams, s.start(r, group, kinds, wall[0]))
			for e := range r.Epochs {
				for _, c := range scalars {
					if v, ok := finite(c.read(&r.Epochs[e])).(float64); ok {
						f.scalar(wall[e+1], r.Epochs[e].Number, c.tag, v)
					}
				}
				if v, ok := r.Scores.Metric(s.Sweep.Metric); ok && e == r.Scored && finite(v) != nil {
					f.scalar(wall[e+1], r.Epochs[e].Number, tagScore, v)
				}
			}
			f.plugin(wall[len(wall)-1], tagEnd, hparams, end(r, wall[len(wall)-1]))
		})
		if err != nil {
			return runs, err
		}
		runs++
	}
	if err := ctx.Err(); err != nil {
		return runs, err
	}
	wall := unixSeconds(created)
	return runs, writeEvents(create, "", wall, func(f *eventFile) {
		f.plugin(wall, tagExperiment, hparams, s.experiment(wall))
	})
}

// writeEvents fills one file. Its name has what TensorBoard looks for, and its own start instead of the machine's name.
func writeEvents(create func(string) (io.WriteCloser, error), folder string, wall float64, fill func(*eventFile)) error {
	path := fmt.Sprintf("events.out.tfevents.%010d.espalier", int64(max(0, wall)))
	if folder != "" {
		path = folder + "/" + path
	}
	file, err := create(path)
	if err != nil {
		return err
	}
	w := bufio.NewWriter(file)
	f := newEventFile(w, wall)
	fill(f)
	if f.err == nil {
		f.err = w.Flush()
	}
	if err := file.Close(); f.err == nil {
		f.err = err
	}
	return f.err
}

// folderOf is the name of a trial's folder: the front of its ID, and all of it where another trial has the same
// front. Trials come in the order of the sweep, so that it is always the same one.
func folderOf(r *Run, names map[string]string) string {
	id := r.Trial.ID()
	front := id[:8]
	if first, taken := names[front]; taken && first != id {
		return id
	}
	names[front] = id
	return front
}

// foldName is the folder of a run within its trial's.
func (s Source) foldName(r *Run) string {
	if s.Sweep.Repeats > 1 {
		return fmt.Sprintf("repeat%d-fold%d", r.Repeat, r.Fold)
	}
	return fmt.Sprintf("fold%d", r.Fold)
}

// epochTimes are when a run began and when each of its epochs ended, in seconds since 1970, told from when it was
// recorded and how long epochs took.
func epochTimes(r *Run) []float64 {
	times := make([]float64, len(r.Epochs)+1)
	at := unixSeconds(r.Recorded)
	for e := len(r.Epochs); e > 0; e-- {
		times[e] = at
		if s := r.Epochs[e-1].Seconds; s > 0 && s-s == 0 {
			at -= s
		}
	}
	times[0] = at
	return times
}

func unixSeconds(t time.Time) float64 {
	if t.IsZero() {
		return 0
	}
	return float64(t.UnixMicro()) / 1e6
}
