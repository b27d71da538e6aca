package spooled

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"

	"github.com/s3-destination/s3-destination/internal/spool"
	"github.com/s3-destination/s3-destination/internal/spool/disk"
)

// spools are the directories of the outputs of this process. Benthos makes all
// outputs of a configuration before it connects one.
var spools = struct {
	sync.Mutex
	dirs map[string]struct{}
}{dirs: map[string]struct{}{}}

func claim(dir string) {
	spools.Lock()
	defer spools.Unlock()
	spools.dirs[filepath.Clean(dir)] = struct{}{}
}

func claimed(dir string) bool {
	spools.Lock()
	defer spools.Unlock()
	_, ok := spools.dirs[filepath.Clean(dir)]
	return ok
}

// orphaned returns an error when a directory beside that of an output holds
// records for which no output is configured any more: nobody would ever store
// them.
func orphaned(path string) error {
	beside, err := os.ReadDir(path)
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("looking for other spools: %w", err)
	}
	for _, e := range beside {
		dir := filepath.Join(path, e.Name())
		if !e.IsDir() || claimed(dir) {
			continue
		}
		c, err := spool.Inspect(disk.OS{}, dir, false)
		if err != nil {
			continue // none, or another process has it
		}
		if n := len(c.Waiting); n+len(c.Outbox) > 0 {
			return fmt.Errorf("the spool in %s holds records of %d partitions and %d objects for %s, and no output of this configuration has the label %s: "+
				"give an output that label again, or run `s3-destination spool drain` with the configuration that had it",
				dir, n, len(c.Outbox), c.Destination, e.Name())
		}
	}
	return nil
}
