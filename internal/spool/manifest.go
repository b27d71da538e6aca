package spool

import (
	"encoding/json"
	"errors"
	"fmt"
	"hash/crc32"
	"io/fs"
	"path/filepath"

	"github.com/s3-destination/s3-destination/internal/spool/disk"
)

// manifest says what a directory is.
type manifest struct {
	Version     int    `json:"version"`
	Destination string `json:"destination"`
	// Sum is a checksum of the others, in every format.
	Sum uint32 `json:"sum"`
}

func (m *manifest) sum() uint32 {
	return crc32.ChecksumIEEE(fmt.Appendf(nil, "%d %s", m.Version, m.Destination))
}

const (
	formatVersion = 1
	manifestName  = "manifest"
)

// readManifest returns the manifest of the directory, and a new one where there
// is none or it is damaged: all that it says is checked elsewhere, too.
func (s *Spool) readManifest() (manifest, error) {
	path := filepath.Join(s.dir, manifestName)
	m := manifest{Version: formatVersion, Destination: s.opts.Destination}
	data, err := disk.ReadAll(s.fs, path)
	if errors.Is(err, fs.ErrNotExist) {
		return m, nil
	}
	if err != nil {
		return m, fmt.Errorf("reading what the spool in %s is: %w", s.dir, err)
	}
	var found manifest
	if damaged := json.Unmarshal(data, &found) != nil || found.Sum != found.sum(); damaged {
		s.opts.Lost(Loss{File: path, Reason: "the file is damaged; it holds no records"})
		return m, nil
	}
	if found.Version > formatVersion {
		return m, fmt.Errorf("the spool in %s has format %d, and this program knows none above %d: "+
			"run the version that wrote it, and let it drain", s.dir, found.Version, formatVersion)
	}
	return found, nil
}

// settle writes the manifest, unless objects wait for another destination.
func (s *Spool) settle(found manifest) error {
	if n := len(s.state.objects); n > 0 && found.Destination != s.opts.Destination {
		return fmt.Errorf("the spool in %s holds %d objects for %s, and the destination is now %s: "+
			"go back to that one, or run s3-destination spool drain with it, or take another directory",
			s.dir, n, found.Destination, s.opts.Destination)
	}
	m := manifest{Version: formatVersion, Destination: s.opts.Destination}
	m.Sum = m.sum()
	data, err := json.Marshal(m)
	if err != nil {
		return err
	}
	if err := disk.WriteFile(s.fs, filepath.Join(s.dir, manifestName), data); err != nil {
		return fmt.Errorf("writing what the spool in %s is: %w", s.dir, err)
	}
	return nil
}
