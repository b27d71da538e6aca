// Package dataset writes the files of JSON lines that the benchmarks read. The
// same name and number of records give the same bytes.
package dataset

import (
	"bufio"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"

	"github.com/s3-destination/s3-destination/internal/encode/encodetest"
)

// Name is a data set.
type Name string

const (
	// Clicks is web analytics: 25 fields, 824 bytes a record.
	Clicks Name = "clicks"
	// Wide is a report of 100 flat columns, 2.5 kB a record.
	Wide Name = "wide"
	// Tenants is Clicks with two fields in front: "tenant", one of Many values
	// in random order, and "site", always the same.
	Tenants Name = "tenants"
)

// Many is the number of tenants.
const Many = 10_000

// part is how many records are generated at once.
const part = 10_000

// Write makes the file of a data set in a directory, unless it is there, and
// returns its path.
func Write(dir string, name Name, records int) (string, error) {
	path := filepath.Join(dir, fmt.Sprintf("%s-%d.jsonl", name, records))
	if _, err := os.Stat(path); err == nil {
		return path, nil
	}
	f, err := os.Create(path + ".part")
	if err != nil {
		return "", err
	}
	defer f.Close()
	w := bufio.NewWriterSize(f, 1<<20)
	for first := 0; first < records; first += part {
		for _, doc := range generate(name, min(part, records-first), uint64(first)) {
			w.Write(doc)
			w.WriteByte('\n')
		}
	}
	if err := w.Flush(); err != nil {
		return "", fmt.Errorf("writing %s: %w", path, err)
	}
	return path, os.Rename(path+".part", path)
}

func generate(name Name, n int, seed uint64) [][]byte {
	if name == Wide {
		return encodetest.Wide(n, seed)
	}
	docs := encodetest.Clicks(n, seed)
	if name == Tenants {
		r := rand.New(rand.NewPCG(seed, Many))
		for i, doc := range docs {
			docs[i] = append(fmt.Appendf(nil, `{"tenant":"t-%05d","site":"main",`, r.IntN(Many)), doc[1:]...)
		}
	}
	return docs
}
