package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"
)

// engine is a program that reads the lake.
type engine struct {
	name   string // the heading of its recipes
	module string // of Python
	java   bool
	// jar is a file that the engine needs beside its module; see jars.
	jar string
	// local means that it reads the copy on disk: the bucket in its recipes is
	// replaced.
	local bool
}

var engines = []engine{
	{name: "DuckDB", module: "duckdb", local: true},
	{name: "pyarrow", module: "pyarrow"},
	{name: "Polars", module: "polars"},
	{name: "fastavro", module: "fastavro", local: true},
	{name: "Spark", module: "pyspark", java: true, local: true},
	{name: "Spark and Avro", module: "pyspark", java: true, local: true, jar: sparkAvro},
}

// sparkAvro is what the page lets Spark fetch; here it has been fetched before.
const sparkAvro = "spark-avro_2.12-3.5.5.jar"

// missing says why an engine cannot be run, empty when it can.
func (e engine) missing(ctx context.Context, python, jars string) string {
	if python == "" {
		return "no Python was given (-python)"
	}
	if err := exec.CommandContext(ctx, python, "-c", "import "+e.module).Run(); err != nil {
		return "the Python module " + e.module + " is not installed"
	}
	if e.java {
		if _, err := exec.LookPath("java"); err != nil {
			return "needs Java 8, 11 or 17"
		}
	}
	if _, err := os.Stat(filepath.Join(jars, e.jar)); e.jar != "" && err != nil {
		return e.jar + " could not be fetched with mvn"
	}
	return ""
}

// patience is for one engine; Spark takes half a minute to start on a busy
// machine, and may fetch a package.
const patience = 10 * time.Minute

// run runs the recipes of an engine in one process, and compares what each
// prints with the page; or notes it in fresh, unless that is nil.
func (e engine) run(ctx context.Context, python, jars string, l *lake, recipes []recipe, fresh map[int]string) error {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	script := filepath.Join(l.dir, "recipes of "+e.name+".py")
	if err := os.WriteFile(script, []byte(e.script(l, jars, recipes)), 0o600); err != nil {
		return err
	}
	cmd := exec.CommandContext(ctx, python, script)
	cmd.Dir = filepath.Join(l.dir, "my-bucket")
	cmd.Env = append(os.Environ(), l.env()...)
	var out, problems bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &problems
	if err := cmd.Run(); err != nil {
		return fmt.Errorf("%s: %w\n%s%s", e.name, err, &out, tail(problems.String(), 4000))
	}
	printed := strings.Split(out.String(), separator)
	if len(printed) != len(recipes)+1 {
		return fmt.Errorf("%s: %d recipes printed %d parts:\n%s", e.name, len(recipes), len(printed)-1, &out)
	}
	var wrong []error
	for i, r := range recipes {
		got := tidy(printed[i])
		if e.local {
			got = strings.ReplaceAll(got, filepath.Join(l.dir, "my-bucket"), "s3://my-bucket")
		}
		if fresh != nil {
			fresh[r.outLine] = got
		} else if got != tidy(r.prints) {
			wrong = append(wrong, fmt.Errorf("%s: %s prints\n%s\nand the page shows\n%s", r.Fence, e.name, got, tidy(r.prints)))
		}
	}
	if err := errors.Join(wrong...); err != nil {
		return err
	}
	fmt.Printf("%s %s: %d recipes print what the page shows\n", e.name, e.version(ctx, python), len(recipes))
	return nil
}

// separator ends the output of each recipe.
const separator = "\n--- end of recipe ---\n"

// script puts the recipes into one Python program. SQL is given to DuckDB.
func (e engine) script(l *lake, jars string, recipes []recipe) string {
	var b strings.Builder
	for _, r := range recipes {
		text := r.Text
		if e.local {
			here := filepath.Join(l.dir, "my-bucket")
			text = strings.NewReplacer("s3://my-bucket", here, "s3a://my-bucket", here).Replace(text)
		}
		if r.Lang == "sql" {
			text = sql(text)
		}
		if e.jar != "" {
			text = strings.NewReplacer(`"spark.jars.packages"`, `"spark.jars"`,
				`"org.apache.spark:spark-avro_2.12:3.5.5"`, fmt.Sprintf("%q", filepath.Join(jars, e.jar))).Replace(text)
		}
		// Arrow does not look for AWS_ENDPOINT_URL.
		text = strings.ReplaceAll(text, "S3FileSystem(", fmt.Sprintf("S3FileSystem(scheme='http', endpoint_override=%q, ",
			strings.TrimPrefix(l.server.URL, "http://")))
		b.WriteString(text)
		fmt.Fprintf(&b, "\nprint(%q, end='', flush=True)\n", separator)
	}
	return b.String()
}

// sql makes Python of statements: what they return is printed. Extensions are
// for reading from S3 directly, which is not done here.
func sql(text string) string {
	var b strings.Builder
	b.WriteString("import duckdb\n")
	for _, statement := range strings.Split(text, ";\n") {
		statement = strings.TrimSpace(statement)
		if statement == "" || strings.HasPrefix(statement, "INSTALL") || strings.HasPrefix(statement, "LOAD") ||
			strings.HasPrefix(statement, "CREATE SECRET") {
			continue
		}
		fmt.Fprintf(&b, "result = duckdb.sql(%q)\nif result is not None: print(result)\n", statement)
	}
	return b.String()
}

// tidy drops white space at the ends of lines and of the text.
func tidy(text string) string {
	lines := strings.Split(text, "\n")
	for i, line := range lines {
		lines[i] = strings.TrimRight(line, " \t\r")
	}
	return strings.Trim(strings.Join(lines, "\n"), "\n")
}

func tail(text string, most int) string {
	if len(text) > most {
		return "..." + text[len(text)-most:]
	}
	return text
}

func (e engine) version(ctx context.Context, python string) string {
	text, err := exec.CommandContext(ctx, python, "-c", "import "+e.module+"; print("+e.module+".__version__)").Output()
	if err != nil {
		return ""
	}
	return strings.TrimSpace(string(text))
}
