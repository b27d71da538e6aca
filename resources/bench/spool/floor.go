package main

import (
	"bytes"
	"fmt"
	"hash/crc32"
	"os"
	"path/filepath"
	"syscall"
	"time"

	"github.com/s3-destination/s3-destination/internal/spool/disk"
)

// recordSize is that of the records of the data set clicks.
const recordSize = 824

// floor writes the bytes of a million records and syncs them in groups, as the journal
// or the outbox of a spool does, and does nothing else. What that takes, no spool can
// take less of; what is not compressed is written twice.
func floor(o *options) error {
	const all, segment = 1_000_000 * recordSize, 64 << 20
	fmt.Println("| bytes that are synced at once | how | CPU a record, us | of that the kernel's |\n|--:|---|--:|--:|")
	for _, group := range []int{64 << 10, 512 << 10, 4 << 20} {
		data := bytes.Repeat([]byte("0123456789abcde\n"), group/16)
		for _, way := range []struct {
			name string
			open func(name string) (disk.File, error)
		}{
			{"through the page cache", func(name string) (disk.File, error) { return openPlain(name) }},
			{"as the spool", disk.OS{}.Create},
		} {
			name := filepath.Join(o.dir, "floor")
			cpu, kernel := processTime()
			for done := 0; done < all; done += segment {
				if err := written(name, way.open, data, segment); err != nil {
					return err
				}
			}
			cpu2, kernel2 := processTime()
			perRecord := func(d time.Duration) float64 { return us(d, all/recordSize) }
			fmt.Printf("| %d | %s | %.2f | %.2f |\n", group, way.name, perRecord(cpu2-cpu), perRecord(kernel2-kernel))
		}
		began, _ := processTime()
		for done := 0; done < all; done += group {
			crc32.Checksum(data, crc32.MakeTable(crc32.Castagnoli))
		}
		ended, _ := processTime()
		fmt.Printf("| %d | its checksum | %.2f | |\n", group, us(ended-began, all/recordSize))
	}
	return nil
}

// written writes a file, and removes it.
func written(name string, open func(string) (disk.File, error), data []byte, size int) error {
	f, err := open(name)
	if err != nil {
		return err
	}
	defer func() { _ = os.Remove(name) }()
	for done := 0; done < size; done += len(data) {
		if _, err := f.Write(data); err != nil {
			return err
		}
		if err := f.Sync(); err != nil {
			return err
		}
	}
	return f.Close()
}

// plain is a file as any program writes it.
type plain struct{ *os.File }

func openPlain(name string) (plain, error) {
	f, err := os.Create(name)
	return plain{f}, err
}

// Allocate implements disk.File.
func (p plain) Allocate(size int64) error { return disk.WriteZeros(p, size) }

func processTime() (all, kernel time.Duration) {
	var u syscall.Rusage
	_ = syscall.Getrusage(syscall.RUSAGE_SELF, &u)
	return time.Duration(u.Utime.Nano() + u.Stime.Nano()), time.Duration(u.Stime.Nano())
}
