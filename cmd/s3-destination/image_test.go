package main

import (
	"bytes"
	"crypto/x509"
	"debug/buildinfo"
	"debug/elf"
	"encoding/pem"
	"fmt"
	"io/fs"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/s3-destination/s3-destination/internal/testutil/s3test"
)

// These tests look at the image, and run it. resources/ci/image.sh builds it
// and says where it is:
//
//	IMAGE_ROOTS   its root file system for each architecture: amd64=DIR arm64=DIR
//	IMAGE_RUN     a command that starts it; variables and a name follow

func fromImageCheck(t *testing.T, name string) string {
	t.Helper()
	v := os.Getenv(name)
	if v == "" {
		t.Skipf("%s is not set: run make image-check", name)
	}
	return v
}

func imageRoots(t *testing.T) map[string]string {
	t.Helper()
	roots := map[string]string{}
	for _, r := range strings.Fields(fromImageCheck(t, "IMAGE_ROOTS")) {
		arch, dir, ok := strings.Cut(r, "=")
		require.True(t, ok, r)
		roots[arch] = dir
	}
	require.Contains(t, roots, "amd64")
	require.Contains(t, roots, "arm64")
	return roots
}

func TestImageHoldsNothingButTheBinaryAndItsFiles(t *testing.T) {
	for arch, root := range imageRoots(t) {
		var files []string
		require.NoError(t, filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
			if err == nil && d.Type().IsRegular() {
				name, relErr := filepath.Rel(root, path)
				require.NoError(t, relErr)
				files = append(files, name)
			}
			return err
		}))
		// Engines put these into every container, with what they know of it.
		files = without(files, "etc/hostname", "etc/hosts", "etc/resolv.conf", ".dockerenv", "dev/console", "run/.containerenv")
		assert.ElementsMatch(t, []string{"LICENSE", "NOTICE", "config.yaml", "etc/ssl/certs/ca-certificates.crt", "s3-destination"}, files, arch)

		inside, err := os.ReadFile(filepath.Join(root, "config.yaml"))
		require.NoError(t, err)
		want, err := os.ReadFile(dockerConfig)
		require.NoError(t, err)
		assert.Equal(t, string(want), string(inside), arch)

		bundle, err := os.ReadFile(filepath.Join(root, "etc/ssl/certs/ca-certificates.crt"))
		require.NoError(t, err)
		assert.Greater(t, certificates(t, bundle), 50, arch)
	}
}

func without(all []string, unwanted ...string) []string {
	var kept []string
	for _, s := range all {
		if !strings.Contains(" "+strings.Join(unwanted, " ")+" ", " "+s+" ") {
			kept = append(kept, s)
		}
	}
	return kept
}

func certificates(t *testing.T, bundle []byte) int {
	t.Helper()
	n := 0
	for block, rest := pem.Decode(bundle); block != nil; block, rest = pem.Decode(rest) {
		_, err := x509.ParseCertificate(block.Bytes)
		require.NoError(t, err)
		n++
	}
	return n
}

func TestImageBinaryIsStaticAndOfItsArchitecture(t *testing.T) {
	machines := map[string]elf.Machine{"amd64": elf.EM_X86_64, "arm64": elf.EM_AARCH64}
	for arch, root := range imageRoots(t) {
		path := filepath.Join(root, "s3-destination")
		binary, err := elf.Open(path)
		require.NoError(t, err)
		defer binary.Close()
		assert.Equal(t, machines[arch], binary.Machine, arch)
		for _, p := range binary.Progs {
			assert.NotEqual(t, elf.PT_INTERP, p.Type, "%s: it asks for a dynamic linker", arch)
			assert.NotEqual(t, elf.PT_DYNAMIC, p.Type, "%s: it is linked dynamically", arch)
		}
		info, err := buildinfo.ReadFile(path)
		require.NoError(t, err)
		settings := map[string]string{}
		for _, s := range info.Settings {
			settings[s.Key] = s.Value
		}
		assert.Equal(t, "0", settings["CGO_ENABLED"], arch)
		assert.Equal(t, arch, settings["GOARCH"])
		assert.Equal(t, "true", settings["-trimpath"], arch)
		whole, err := os.ReadFile(path)
		require.NoError(t, err)
		assert.True(t, bytes.Contains(whole, []byte("America/Santiago")), "%s: the time zones are inside", arch)
		stat, err := os.Stat(path)
		require.NoError(t, err)
		assert.Equal(t, fs.FileMode(0o755), stat.Mode().Perm(), "%s: everybody may run it", arch)
	}
}

// container is the image as it runs.
type container struct {
	*sidecar
	name string
}

// startImage runs the image with variables, confined as far as it goes.
func startImage(t *testing.T, s *s3test.Server, more ...string) *container {
	t.Helper()
	run := strings.Fields(fromImageCheck(t, "IMAGE_RUN"))
	address, input := freeAddress(t), freeAddress(t)
	name := fmt.Sprintf("s3-destination-check-%d-%s", os.Getpid(), address[strings.LastIndex(address, ":")+1:])
	args := append(slices.Clone(run[1:]), name)
	args = append(args, sidecarEnv(s, address, input, more...)...)
	args = append(args, "S3_DESTINATION_READY_URL=http://"+address+"/ready")
	c := &container{name: name, sidecar: &sidecar{
		process: launch(t, exec.Command(run[0], args...), address), input: "http://" + input + "/events",
	}}
	t.Cleanup(func() { _, _ = c.ask(t, "remove") })
	c.waitReady(t)
	return c
}

// ask runs the same command with another verb: pid, health or remove.
func (c *container) ask(t *testing.T, verb string) (string, error) {
	t.Helper()
	run := strings.Fields(os.Getenv("IMAGE_RUN"))
	cmd := exec.Command(run[0], append(slices.Clone(run[1:len(run)-1]), verb, c.name)...)
	cmd.Env = append(os.Environ(), "S3_DESTINATION_READY_URL="+c.url+"/ready", "IMAGE_CLIENT_PID="+strconv.Itoa(c.cmd.Process.Pid))
	text, err := cmd.CombinedOutput()
	return strings.TrimSpace(string(text)), err
}

func TestImageServesConfinedAndStopsCleanly(t *testing.T) {
	s := s3test.StartT(t, s3test.Config{})
	c := startImage(t, s, "TIMEZONE=Asia/Kathmandu", "FOLDER=events/date={{YYYY}}-{{MM}}-{{DD}}/in/")
	pid, err := c.ask(t, "pid")
	require.NoError(t, err, pid)
	assertConfined(t, pid)

	text, err := c.ask(t, "health")
	require.NoError(t, err, "the HEALTHCHECK of the image: %s", text)
	began := time.Now()
	status, answer := c.post(t.Context(), "{\"id\":1}\n{\"id\":2}\n")
	require.Equal(t, http.StatusOK, status, answer)
	assert.Less(t, time.Since(began), 10*time.Second)
	assert.Equal(t, once("1", "2"), landed(t, s, "events/date="))

	s.Faults.Deny("PutObject")
	require.Eventually(t, func() bool {
		go func() { _, _ = c.post(t.Context(), `{"id":3}`) }()
		_, err := c.ask(t, "health")
		return err != nil
	}, 120*time.Second, time.Second, "unhealthy while the bucket refuses")
	s.Faults.Clear()
	require.Eventually(t, func() bool { return landed(t, s, "events/date=")["3"] > 0 }, patience, 200*time.Millisecond)
	c.terminate(t)
}

func TestImageAnswersEverybodyWhoWaitsWhenItIsStopped(t *testing.T) {
	s := s3test.StartT(t, s3test.Config{})
	c := startImage(t, s, "MAX_AGE=1m", "IDLE_TIMEOUT=0s")
	answers := make(chan int, 20)
	var ids []string
	for i := range cap(answers) {
		ids = append(ids, fmt.Sprint(i))
		go func() {
			status, _ := c.post(t.Context(), fmt.Sprintf(`{"id":%d}`, i))
			answers <- status
		}()
	}
	require.Eventually(t, func() bool { return c.gauge("s3_destination_waiting_batches") == float64(len(ids)) }, patience, 50*time.Millisecond)
	c.terminate(t)
	for range ids {
		assert.Equal(t, http.StatusOK, <-answers)
	}
	assert.Equal(t, once(ids...), landed(t, s, "events/date="))
}

// assertConfined looks at a process from outside: who it is, what it may do,
// and whether its root can be written.
func assertConfined(t *testing.T, pid string) {
	t.Helper()
	text, err := os.ReadFile("/proc/" + pid + "/status")
	require.NoError(t, err)
	status := map[string]string{}
	for line := range strings.Lines(string(text)) {
		key, value, _ := strings.Cut(line, ":")
		status[key] = strings.TrimSpace(value)
	}
	const nobody = "65532\t65532\t65532\t65532"
	assert.Equal(t, nobody, status["Uid"])
	assert.Equal(t, nobody, status["Gid"])
	const none = "0000000000000000"
	assert.Equal(t, none, status["CapEff"])
	assert.Equal(t, none, status["CapPrm"])
	assert.Equal(t, none, status["CapInh"])
	if strings.Contains(os.Getenv("IMAGE_RUN"), " container ") {
		assert.Equal(t, none, status["CapBnd"])
	}
	assert.Equal(t, "1", status["NoNewPrivs"])
	mounts, err := os.ReadFile("/proc/" + pid + "/mountinfo")
	require.NoError(t, err)
	root := ""
	for line := range bytes.Lines(mounts) {
		// id parent major:minor root mountpoint options ...
		if f := strings.Fields(string(line)); f[4] == "/" {
			root = f[5]
		}
	}
	assert.Contains(t, strings.Split(root, ","), "ro", "the root file system is read-only")
}
