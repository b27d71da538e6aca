package inspect

import (
	"fmt"
	"maps"
	"net"
	"slices"
	"strconv"
	"strings"

	"github.com/s3-destination/s3-destination/internal/sizing"
	"github.com/s3-destination/s3-destination/internal/yamlfile"
)

// listener is something that listens at an address.
type listener struct {
	file    *yamlfile.File
	path    string // of the component, inside the file
	address string
	copies  string // the setting that makes several of it; empty for none
	ours    bool   // it is our HTTP input
}

// lintAddresses finds HTTP inputs of ours that listen where something else of the same
// process does: one of the two would not start, and which one is a matter of luck.
func (r *Reading) lintAddresses() {
	var before []listener
	if address := addressOfBenthos(r.main); address != "" {
		before = append(before, listener{address: address})
	}
	for _, l := range r.listeners() {
		for _, other := range before {
			if (l.ours || other.ours) && overlap(l.address, other.address) {
				r.add(l.file, []Finding{l.taken(other)})
				break
			}
		}
		if l.ours && l.copies != "" {
			r.add(l.file, []Finding{l.finding(fmt.Sprintf("%q can be listened at by one input, and %s makes several of it: remove copies", l.address, l.copies))})
		}
		before = append(before, l)
	}
}

// taken says who else listens there.
func (l listener) taken(other listener) Finding {
	whose := other.path
	switch {
	case other.file == nil:
		whose = "Benthos, for /metrics and /ready (http.address, " + other.address + ")"
	case other.file != l.file:
		whose += " of " + other.file.Path
	}
	return l.finding(fmt.Sprintf("%q is listened at by %s as well, and only one of the two can start: write another port", l.address, whose))
}

func (l listener) finding(text string) Finding {
	setting := yamlfile.Join(l.path, "address")
	return Finding{File: l.file.Path, Place: l.file.Find(setting), Setting: setting, Text: text}
}

// addressOfBenthos is where the server of Benthos listens; empty when it does not.
func addressOfBenthos(main *yamlfile.File) string {
	conf, _ := main.Value("http").(map[string]any)
	if enabled, ok := conf["enabled"]; ok && fmt.Sprint(enabled) == "false" {
		return ""
	}
	if address, ok := conf["address"]; ok {
		return fmt.Sprint(address)
	}
	return "0.0.0.0:4195"
}

// listeners are the HTTP inputs of all files, also those of resources, which run
// whether somebody reads them or not.
func (r *Reading) listeners() (found []listener) {
	files := r.files
	if !slices.Contains(files, r.main) {
		files = append([]*yamlfile.File{r.main}, files...)
	}
	for _, f := range files {
		for _, key := range []string{"input", "input_resources"} {
			found = append(found, listenersIn(f, f.Value(key), key, "")...)
		}
	}
	return found
}

func listenersIn(f *yamlfile.File, tree any, path, copies string) (found []listener) {
	switch t := sizing.Plain(tree).(type) {
	case []any:
		for i, e := range t {
			found = append(found, listenersIn(f, e, fmt.Sprintf("%s[%d]", path, i), copies)...)
		}
	case map[string]any:
		for _, name := range slices.Sorted(maps.Keys(t)) {
			below, within := yamlfile.Join(path, name), copies
			conf, _ := sizing.Plain(t[name]).(map[string]any)
			if name == sizing.OwnHTTP || name == "http_server" {
				if address, ok := conf["address"]; ok {
					found = append(found, listener{f, below, fmt.Sprint(address), copies, name == sizing.OwnHTTP})
				}
				continue
			}
			if n, err := strconv.Atoi(fmt.Sprint(conf["copies"])); name == "broker" && err == nil && n > 1 {
				within = yamlfile.Join(below, "copies")
			}
			found = append(found, listenersIn(f, t[name], below, within)...)
		}
	}
	return found
}

// overlap reports whether two addresses cannot be listened at at the same time: with the
// same port one of them is all of the other.
func overlap(a, b string) bool {
	hostA, portA, errA := net.SplitHostPort(a)
	hostB, portB, errB := net.SplitHostPort(b)
	if errA != nil || errB != nil || portA != portB || portA == "0" || portA == "" {
		return false
	}
	hostA, hostB = canonical(hostA), canonical(hostB)
	return hostA == hostB || covers(hostA, hostB) || covers(hostB, hostA)
}

// canonical is a host as it can be compared. A name is not looked up: it may be another
// machine's where the pipeline runs.
func canonical(host string) string {
	if ip := net.ParseIP(host); ip != nil {
		return ip.String()
	}
	if host = strings.ToLower(host); host != "localhost" {
		return host
	}
	return "127.0.0.1"
}

// covers reports whether a stands for all addresses, of both versions or of version 4, and
// b is one of them.
func covers(a, b string) bool {
	ip := net.ParseIP(b)
	return a == "" || a == "::" || a == "0.0.0.0" && (ip == nil || ip.To4() != nil)
}
