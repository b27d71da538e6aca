package main

import (
	"context"
	_ "embed"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/s3-destination/s3-destination/resources/mutation/patch"
)

// ruleBreaks are breaks of the rules of exactly-once delivery which are for this
// scenario: whole rules, where the tests of a package look at a part of one.
//
//go:embed rules.txt
var ruleBreaks string

// breaksFile has those that the tests of a package notice, from the root of the module.
const breaksFile = "resources/mutation/patches.txt"

// ofARule tells the name of a break of a rule, and of which.
var ofARule = regexp.MustCompile(`^(R\d+): `)

// ruleBreak is a way to leave out a rule: one change of the code or several.
type ruleBreak struct {
	rule, name string
	patches    []patch.Patch
}

// breaksOfRules reads both lists. Patches of one name belong together.
func breaksOfRules(root string) ([]ruleBreak, error) {
	theirs, err := os.ReadFile(filepath.Join(root, filepath.FromSlash(breaksFile)))
	if err != nil {
		return nil, fmt.Errorf("reading the breaks of rules: %w", err)
	}
	var all []ruleBreak
	for _, text := range []string{string(theirs), ruleBreaks} {
		patches, err := patch.Parse(text)
		if err != nil {
			return nil, fmt.Errorf("reading the breaks of rules: %w", err)
		}
		for _, p := range patches {
			m := ofARule.FindStringSubmatch(p.Name)
			if m == nil {
				continue
			}
			i := slices.IndexFunc(all, func(b ruleBreak) bool { return b.name == p.Name })
			if i < 0 {
				i = len(all)
				all = append(all, ruleBreak{rule: m[1], name: p.Name})
			}
			all[i].patches = append(all[i].patches, p)
		}
	}
	return all, nil
}

// chosen reports whether the name of a break begins so; R1 does not choose R10.
func (b *ruleBreak) chosen(begins string) bool {
	whole := ofARule.FindString(begins+": ") == begins+": "
	return b.rule == begins && len(b.patches) > 0 || !whole && strings.HasPrefix(b.name, begins)
}

// grounds are where a rule is missed soonest.
func (b *ruleBreak) grounds(o options) options {
	o.land, o.rate = &terrains[1], 400
	switch b.rule {
	case "R4": // many objects in an epoch; and a fake broker stores metadata of any size
		o.broker, o.land = "kafka", &terrain{partitions: 24, folders: 10, age: "4s", memory: "256MiB", records: 5}
	case "R5": // few commits, so that most is known to its reader alone
		o.land = &terrain{partitions: 12, folders: 50, age: "6s", memory: "256MiB", trouble: &forgetful}
	case "R6": // a generation lasts for some commits
		o.land = &terrain{partitions: 6, folders: 50, age: "700ms", memory: "256MiB", respite: 15 * time.Second, trouble: &overtaken}
	case "R7": // partitions go while what was announced of them cannot be committed
		o.land = &terrain{partitions: 12, folders: 50, age: "700ms", memory: "256MiB", trouble: &hindered}
		if b.divides() { // or while there are many objects to be encoded, which have become too large
			o.land = &terrain{partitions: 12, folders: 20, age: "1s", memory: "256MiB", records: 5, respite: 6 * time.Second, trouble: &tides}
		}
	case "R11": // what a successor reads again goes to other folders
		fickle := terrains[1]
		fickle.fickle = true
		o.land = &fickle
	}
	return o
}

// divides reports whether the break is about objects that are divided.
func (b *ruleBreak) divides() bool { return strings.HasSuffix(b.name, "is divided") }

// covered are breaks that the binary survives, and why.
var covered = map[string]string{
	"R4: an epoch may be too long to be closed": "another reserve covers it: the room that is kept for what a successor adds beside " +
		"early objects is about what closing takes",
	"R5: a consumer that the group has taken for a new one keeps what it owned": "the rest of R5 covers it: a commit before it has joined " +
		"is for the old id, and its refusal ends the session",
	"R5: a commit takes the membership that the client has at the moment": "the rest of R5 covers it: the session ends when the client has joined anew",
	"R9: the offset passes what a pipeline is not done with": "the scenario does not come there: it is for processors that hand on a part of a " +
		"batch later, which exactly_once does not allow",
}

// controls are the binary with all rules, where one of them would be missed: it has
// to keep every promise there.
func controls() (all []ruleBreak) {
	for _, rule := range []string{"R1", "R4", "R5", "R6", "R7", "R11"} {
		all = append(all, ruleBreak{rule: rule, name: control + rule + " would be missed"})
	}
	return append(all, ruleBreak{rule: "R7", name: control + "R7 would be missed when an object is divided"})
}

const control = "control: all rules, where "

// rules leaves out one rule of exactly-once delivery after the other, and holds the
// binary to what it would keep with it: something is missing, or stored twice, or
// nothing goes on.
func rules(ctx context.Context, o options) (bool, error) {
	all, err := breaksOfRules(".")
	if err != nil {
		return false, err
	}
	all = append(controls(), all...)
	all = slices.DeleteFunc(all, func(b ruleBreak) bool { return !b.chosen(o.without) })
	if len(all) == 0 {
		return false, fmt.Errorf("there is no break of a rule whose name begins with %q", o.without)
	}
	noticed := true
	for _, b := range all {
		why, survives := covered[b.name]
		tries := chances
		if survives || len(b.patches) == 0 {
			tries = 1
		}
		found, err := insist(tries, o.seed, func(seed uint64) (string, error) {
			one := o
			one.seed = seed
			return b.missed(ctx, one)
		})
		if err != nil {
			return false, fmt.Errorf("%s: %w", b.name, err)
		}
		switch {
		case len(b.patches) == 0 && found == "":
			why = "every promise was kept"
		case len(b.patches) == 0:
			why = "VIOLATION: " + found
			noticed = false
		case found != "" && survives:
			why = fmt.Sprintf("VIOLATION: said to be covered (%s), and %s", why, found)
			noticed = false
		case found != "":
			why = found
		case !survives:
			why = "VIOLATION: nothing was noticed"
			noticed = false
		}
		_, _ = fmt.Fprintf(o.out, "%s\n    %s\n", b.name, why)
	}
	return noticed, nil
}

// chances is how many runs a break has to be noticed in: whether one comes to what a
// rule is against is up to its dice.
const chances = 3

// insist looks again with other dice while nothing is found.
func insist(times int, seed uint64, look func(seed uint64) (string, error)) (found string, err error) {
	for n := range times {
		if found, err = look(seed + uint64(n)); found != "" || err != nil {
			break
		}
	}
	return found, err
}

// missed runs a binary without the rule, and returns what came of it; nothing when
// it kept every promise.
func (b *ruleBreak) missed(ctx context.Context, o options) (found string, err error) {
	dir, err := os.MkdirTemp("", "chaos-rule-")
	if err != nil {
		return "", fmt.Errorf("making a directory: %w", err)
	}
	defer func() { _ = os.RemoveAll(dir) }()
	o.binary = filepath.Join(dir, "s3-destination")
	if err := b.build(ctx, dir, o.binary); err != nil {
		return "", err
	}
	o = b.grounds(o)
	var report strings.Builder
	o.scenario, o.hunting, o.out = "exact", true, &report
	began := time.Now()
	c, kept, err := siege(ctx, o)
	blows := 0
	if c != nil {
		blows = c.done.total()
	}
	what := ""
	switch {
	case errors.Is(err, errFound), errors.Is(err, errLate), errors.Is(err, errEnded):
		what, _, _ = strings.Cut(err.Error(), "\n")
	case err != nil:
		return "", err
	case !kept:
		for line := range strings.Lines(report.String()) {
			if rest, ok := strings.CutPrefix(line, "VIOLATION"); ok && what == "" {
				what = strings.TrimSpace(rest) + " at the end"
			}
		}
	default:
		return "", nil
	}
	return fmt.Sprintf("%s after %d blows and %s, on %s with %s", what, blows, time.Since(began).Round(time.Second), o.broker, o.land), nil
}

// change returns the files that differ without the rule, by their names. Several
// changes may be in one file.
func (b *ruleBreak) change(root string) (map[string][]byte, error) {
	changed := map[string][]byte{}
	for _, p := range b.patches {
		var err error
		if text := changed[p.File]; text != nil {
			changed[p.File], err = p.In(text)
		} else {
			changed[p.File], err = p.Apply(root)
		}
		if err != nil {
			return nil, fmt.Errorf("leaving out a rule: %w", err)
		}
	}
	return changed, nil
}

// build builds the binary with the changes in it.
func (b *ruleBreak) build(ctx context.Context, dir, path string) error {
	changed, err := b.change(".")
	if err != nil {
		return err
	}
	replaced := map[string]string{}
	for name, text := range changed {
		file, err := filepath.Abs(filepath.FromSlash(name))
		if err != nil {
			return fmt.Errorf("leaving out a rule: %w", err)
		}
		replaced[file] = filepath.Join(dir, fmt.Sprintf("%d.go", len(replaced)))
		if err := os.WriteFile(replaced[file], text, 0o600); err != nil {
			return fmt.Errorf("leaving out a rule: %w", err)
		}
	}
	list, err := json.Marshal(map[string]any{"Replace": replaced})
	if err != nil {
		return fmt.Errorf("leaving out a rule: %w", err)
	}
	overlay := filepath.Join(dir, "overlay.json")
	if err := os.WriteFile(overlay, list, 0o600); err != nil {
		return fmt.Errorf("leaving out a rule: %w", err)
	}
	cmd := exec.CommandContext(ctx, "go", "build", "-modfile=release.mod", "-overlay", overlay, "-o", path, "./cmd/s3-destination")
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("building the binary without a rule: %w\n%s", err, out)
	}
	return nil
}
