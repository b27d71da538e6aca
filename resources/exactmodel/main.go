// Command exactmodel explores larger instances of the model of exactly-once
// delivery than tests do, and prints the shortest way to what goes wrong when a
// rule is broken.
package main

import (
	"flag"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"github.com/s3-destination/s3-destination/internal/exactly/model"
)

// instances are complete within minutes.
var instances = []model.Instance{
	{Workers: 2, Records: 1, Epochs: 2, Crashes: 1, Rebalances: 3, Mixed: true, Early: true},
	{Workers: 3, Records: 1, Epochs: 2, Crashes: 1, Rebalances: 2, Mixed: true, Early: true},
	{Workers: 2, Records: 1, Epochs: 3, Rebalances: 2, Mixed: true, Early: true},
	{Workers: 2, Records: 2, Epochs: 2, Rebalances: 2, Mixed: true, Early: true},
	{Workers: 2, Records: 2, Epochs: 3, Crashes: 1, Rebalances: 2},
}

func main() {
	if err := run(os.Args[1:], os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "exactmodel:", err)
		os.Exit(1)
	}
}

func run(args []string, out io.Writer) error {
	flags := flag.NewFlagSet("exactmodel", flag.ContinueOnError)
	broken := flags.String("break", "", "a `rule` to break, R1 to R11 or its name: prints the shortest way to a violation")
	limit := flags.Int("limit", 30_000_000, "`states` after which an exploration ends")
	var one model.Instance
	flags.IntVar(&one.Workers, "workers", 0, "consumers, up to 3, of one instance to explore; 0 explores those that come with the model")
	flags.IntVar(&one.Records, "records", 1, "records of a Kafka partition, up to 3")
	flags.IntVar(&one.Epochs, "epochs", 2, "epochs, up to 4")
	flags.IntVar(&one.Crashes, "crashes", 0, "consumers that die")
	flags.IntVar(&one.Rebalances, "rebalances", 3, "rebalances, the first one included")
	flags.BoolVar(&one.Mixed, "mixed", true, "objects hold records of both Kafka partitions")
	flags.BoolVar(&one.Early, "early", true, "objects are sealed before their epoch is cut")
	flags.BoolVar(&one.Impure, "impure", false, "a record's output partition depends on the process")
	if err := flags.Parse(args); err != nil {
		return err
	}
	switch {
	case *broken != "":
		return without(out, *broken, one, *limit)
	case one.Workers > 0:
		return holds(out, one, *limit)
	}
	for _, in := range instances {
		if err := holds(out, in, *limit); err != nil {
			return err
		}
	}
	return nil
}

// holds explores an instance by depth, with all rules.
func holds(out io.Writer, in model.Instance, limit int) error {
	if err := in.Validate(); err != nil {
		return err
	}
	began := time.Now()
	r := model.Explore(in, 0, model.Depth, limit)
	if r.Violation != "" {
		return fmt.Errorf("%+v: %s:\n\t%s", in, r.Violation, strings.Join(r.Way, "\n\t"))
	}
	end := "all states"
	if !r.Complete {
		end = "as far as it went"
	}
	_, err := fmt.Fprintf(out, "%+v: holds in %d states (%s), %v\n", in, r.States, end, time.Since(began).Round(time.Second))
	return err
}

// without explores an instance by breadth, with a rule broken.
func without(out io.Writer, name string, in model.Instance, limit int) error {
	rule, err := model.ParseRule(name)
	if err != nil {
		return err
	}
	in.Workers = max(in.Workers, 2)
	in.Impure = in.Impure || rule == model.CompareDigest
	if err := in.Validate(); err != nil {
		return err
	}
	r := model.Explore(in, rule, model.Breadth, limit)
	if r.Violation == "" {
		return fmt.Errorf("without %v nothing goes wrong in %d states of %+v", rule, r.States, in)
	}
	_, err = fmt.Fprintf(out, "without %v: %s\n\t%s\n", rule, r.Violation, strings.Join(r.Way, "\n\t"))
	return err
}
