package main

import (
	"context"
	"encoding/hex"
	"fmt"
	"strings"

	"espalier/grids"
	"espalier/search"
)

// trialDigits are the hex digits of a trial's key that lines show.
const trialDigits = 8

// trialID is a trial's name: the front of its key.
func trialID(k grids.Key) string { return hex.EncodeToString(k[:])[:trialDigits] }

// trialText is a trial's ID and its values on the axes, if there are any.
func trialText(t search.Trial) string {
	return strings.TrimRight(trialID(t.Key)+"  "+paramsText(t.Point.Values), " ")
}

// findSweep finds the sweep a user means: by name, else by a prefix of its ID;
// without an argument the only one there is.
func (p *program) findSweep(ctx context.Context, l search.Ledger, args []string) (search.Enrolment, error) {
	all, err := l.Sweeps(ctx)
	if err != nil {
		return search.Enrolment{}, err
	}
	var found []search.Enrolment
	switch {
	case len(args) == 0:
		for _, e := range all {
			if e.Current {
				found = append(found, e)
			}
		}
		if len(found) == 0 {
			return search.Enrolment{}, hint(usagef("store %q holds no sweep", p.storePath()), "espalier run starts one")
		}
		if len(found) > 1 {
			return search.Enrolment{}, hint(usagef("store %q holds %s: say which", p.storePath(), plural(len(found), "sweep")), listSweeps(found)...)
		}
		return found[0], nil
	}
	name := args[0]
	for _, e := range all {
		if e.Name == name && e.Current {
			return e, nil
		}
	}
	for _, e := range all {
		if name != "" && strings.HasPrefix(e.ID.String(), strings.ToLower(name)) {
			found = append(found, e)
		}
	}
	switch len(found) {
	case 1:
		return found[0], nil
	case 0:
		var names []string
		for _, e := range all {
			if e.Current {
				names = append(names, e.Name)
			}
		}
		return search.Enrolment{}, usage(fmt.Errorf("no sweep %q in store %q", name, p.storePath()), suggestion(name, names))
	}
	return search.Enrolment{}, hint(usagef("sweep %q may be any of %d", name, len(found)), listSweeps(found)...)
}

func listSweeps(list []search.Enrolment) []string {
	var lines []string
	for i, e := range list {
		if i == 10 {
			return append(lines, fmt.Sprintf("and %d more: espalier ls", len(list)-i))
		}
		lines = append(lines, fmt.Sprintf("%.12s  %s", e.ID, e.Name))
	}
	return lines
}

// findTrial finds the standing whose key starts with a prefix.
func findTrial(s *search.Sweep, standings []search.Standing, prefix string) (*search.Standing, error) {
	var found []*search.Standing
	lower := strings.ToLower(prefix)
	for i := range standings {
		if lower != "" && strings.HasPrefix(hex.EncodeToString(standings[i].Trial.Key[:]), lower) {
			found = append(found, &standings[i])
		}
	}
	switch len(found) {
	case 1:
		return found[0], nil
	case 0:
		return nil, usage(fmt.Errorf("%w %q in sweep %q", search.ErrNoTrial, prefix, s.File.Name), "espalier leaderboard lists the trials")
	}
	var lines []string
	for i, f := range found {
		if i == 10 {
			lines = append(lines, fmt.Sprintf("and %d more", len(found)-i))
			break
		}
		lines = append(lines, hex.EncodeToString(f.Trial.Key[:])+"  "+paramsText(f.Trial.Point.Values))
	}
	return nil, hint(usagef("trial %q may be any of %d", prefix, len(found)), lines...)
}
