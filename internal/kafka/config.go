package kafka

import (
	"context"
	"crypto/tls"
	"fmt"
	"math"
	"net"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/dustin/go-humanize"
	"github.com/redpanda-data/benthos/v4/public/service"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"
	"github.com/twmb/franz-go/pkg/kversion"
	"github.com/twmb/franz-go/pkg/sasl"

	"github.com/s3-destination/s3-destination/internal/settings"
)

// defaultBuffered bounds what is under way in a process without an output of
// ours.
const defaultBuffered = 256 << 20

// Config is a validated configuration of the input.
type Config struct {
	brokers, topics           []string
	regexp                    bool
	group, instance, protocol string
	clientID, rack            string
	start                     kgo.Offset
	isolation                 kgo.IsolationLevel
	tls                       *tls.Config // nil for none
	sasl                      []sasl.Mechanism
	multiHeader               bool
	maxBuffered               int64 // zero: what the outputs may hold
	fetchMax                  int64 // zero: derived
	fetchPartition, fetchMin  int64
	fetchWait, session        time.Duration
	rebalance, heartbeat      time.Duration
	exactly                   bool // records are stored exactly once
	metadataAge               time.Duration
}

// ParseConfig reads and validates a configuration. The error names every
// mistake.
func ParseConfig(conf *service.ParsedConfig) (*Config, error) {
	r := settings.Of(conf)
	c := &Config{
		brokers: list(r, fieldSeeds), topics: list(r, fieldTopics),
		regexp: r.Flag(fieldRegexp),
		group:  r.Text(fieldGroup), instance: r.Text(fieldInstance), protocol: r.Text(fieldProtocol),
		clientID: r.Text(fieldClientID), rack: r.Text(fieldRack),
		multiHeader: r.Flag(fieldMultiHeader),
		maxBuffered: size(r, fieldBuffered), fetchMax: size(r, fieldFetchMax),
		fetchPartition: size(r, fieldFetchPartition), fetchMin: size(r, fieldFetchMin),
		fetchWait: r.Duration(fieldFetchWait), session: r.Duration(fieldSession),
		rebalance: r.Duration(fieldRebalance), heartbeat: r.Duration(fieldHeartbeat),
		metadataAge: r.Duration(fieldMetadataAge), exactly: r.Text(fieldDelivery) == "exactly_once",
	}
	c.start = map[string]kgo.Offset{
		"earliest": kgo.NewOffset().AtStart(), "latest": kgo.NewOffset().AtEnd(), "committed": kgo.NewOffset().AtCommitted(),
	}[r.Text(fieldStart)]
	c.isolation = kgo.ReadCommitted()
	if r.Text(fieldIsolation) == "read_uncommitted" {
		c.isolation = kgo.ReadUncommitted()
	}
	tlsConf, enabled, err := conf.FieldTLSToggled(fieldTLS)
	r.Fail(err)
	if enabled {
		c.tls = tlsConf
	}
	c.sasl, err = mechanisms(conf)
	r.Fail(err)
	c.validate(r)
	return c, r.Err()
}

func (c *Config) validate(r *settings.Fields) {
	if len(c.brokers) == 0 {
		r.Fail(fmt.Errorf("%s is empty: name at least one broker as host:port", fieldSeeds))
	}
	if len(c.topics) == 0 {
		r.Fail(fmt.Errorf("%s is empty: name at least one topic", fieldTopics))
	}
	if c.group == "" {
		r.Fail(fmt.Errorf("%s is empty: offsets are kept under its name", fieldGroup))
	}
	for _, t := range c.topics {
		if _, err := regexp.Compile(t); c.regexp && err != nil {
			r.Fail(fmt.Errorf("%s: %q is no regular expression: %w", fieldTopics, t, err))
		}
		if !c.regexp && strings.ContainsAny(t, ":*^$ ") {
			r.Fail(fmt.Errorf("%s: %q is no name of a topic: single partitions cannot be chosen, and patterns need %s: true", fieldTopics, t, fieldRegexp))
		}
	}
	if c.heartbeat <= 0 || c.heartbeat*3 > c.session {
		r.Fail(fmt.Errorf("%s: %s is more than a third of %s (%s): lower it, or a late heartbeat costs the membership", fieldHeartbeat, c.heartbeat, fieldSession, c.session))
	}
	if c.maxBuffered != 0 && c.maxBuffered < 16<<20 {
		r.Fail(fmt.Errorf("%s: %s is too little: use auto or at least 16MiB", fieldBuffered, humanize.IBytes(uint64(c.maxBuffered))))
	}
}

// patience is how long a revocation waits for what is under way. The client may
// send no heartbeats meanwhile.
func (c *Config) patience() time.Duration {
	return min(c.rebalance/2, c.session/2, 20*time.Second)
}

// seeds are the brokers as text.
func (c *Config) seeds() string { return strings.Join(c.brokers, ", ") }

// connection are the options of every client.
func (c *Config) connection() []kgo.Opt {
	dialer := &net.Dialer{Timeout: 10 * time.Second, KeepAlive: 30 * time.Second}
	opts := []kgo.Opt{
		kgo.SeedBrokers(c.brokers...), kgo.ClientID(c.clientID), kgo.SASL(c.sasl...),
		kgo.MetadataMaxAge(c.metadataAge), kgo.MetadataMinAge(min(c.metadataAge, time.Second)),
	}
	if c.tls != nil {
		return append(opts, kgo.Dialer((&tls.Dialer{NetDialer: dialer, Config: c.tls}).DialContext))
	}
	return append(opts, kgo.Dialer(dialer.DialContext))
}

// options are those of a member of the group.
func (c *Config) options(brokersAssign bool) []kgo.Opt {
	opts := append(c.connection(),
		kgo.ConsumerGroup(c.group), kgo.ConsumeTopics(c.topics...), kgo.ConsumeResetOffset(c.start),
		kgo.DisableAutoCommit(), kgo.BlockRebalanceOnPoll(),
		kgo.FetchIsolationLevel(c.isolation), kgo.Rack(c.rack),
		kgo.FetchMaxBytes(clamp(firstFetch)), kgo.FetchMaxPartitionBytes(clamp(min(c.fetchPartition, firstFetch))),
		kgo.FetchMinBytes(clamp(c.fetchMin)), kgo.FetchMaxWait(c.fetchWait),
		kgo.SessionTimeout(c.session), kgo.RebalanceTimeout(c.rebalance), kgo.HeartbeatInterval(c.heartbeat),
	)
	if c.regexp {
		opts = append(opts, kgo.ConsumeRegex())
	}
	if c.instance != "" {
		opts = append(opts, kgo.InstanceID(c.instance))
	}
	if brokersAssign {
		return append(opts, kgo.Balancers(kgo.StickyBalancer()), kgo.ServerSideBalancer())
	}
	return append(opts, kgo.Balancers(kgo.CooperativeStickyBalancer()))
}

// askRetries is how often the brokers are asked again for their version: what keeps
// a client out is said within seconds, and tried again by whoever connects.
const askRetries = 3

// brokersAssign reports whether the brokers assign partitions (KIP-848). Left
// to us, they do where they are known to accept commits of members whose epoch
// has just moved on: Apache Kafka 4.3 does.
func (c *Config) brokersAssign(ctx context.Context) (bool, error) {
	if c.protocol != "auto" {
		return c.protocol == "consumer", nil
	}
	client, err := kgo.NewClient(append(c.connection(), kgo.RequestRetries(askRetries))...)
	if err != nil {
		return false, fmt.Errorf("setting up the Kafka client: %w", err)
	}
	defer client.Close()
	resp, err := kmsg.NewPtrApiVersionsRequest().RequestWith(ctx, client)
	if err != nil {
		return false, fmt.Errorf("asking the Kafka brokers at %s for their version: %w", c.seeds(), advised(err))
	}
	have := kversion.FromApiVersionsResponse(resp)
	heartbeat := kmsg.NewPtrConsumerGroupHeartbeatRequest()
	version, ok := have.LookupMaxKeyVersion(heartbeat.Key())
	return ok && version >= 1 && recent(have.VersionGuess()), nil
}

// knowLeaders reports whether the brokers can say where the history of a leader
// ends. Apache Kafka can from 2.1 on, some that speak its protocol never.
func knowLeaders(ctx context.Context, client *kgo.Client) bool {
	resp, err := kmsg.NewPtrApiVersionsRequest().RequestWith(ctx, client)
	if err != nil {
		return true // nobody knows: the same request fails again, or does not
	}
	version, ok := kversion.FromApiVersionsResponse(resp).LookupMaxKeyVersion(kmsg.OffsetForLeaderEpoch.Int16())
	return ok && version >= 2
}

// recentGuess are the guesses of a version that say what it is at least.
var recentGuess = regexp.MustCompile(`^(?:at least )?v(\d+)\.(\d+)$`)

// recent reports whether a guess is Apache Kafka 4.3 or later.
func recent(guess string) bool {
	m := recentGuess.FindStringSubmatch(guess)
	if m == nil {
		return false
	}
	major, _ := strconv.Atoi(m[1])
	minor, _ := strconv.Atoi(m[2])
	return major > 4 || major == 4 && minor >= 3
}

func clamp(n int64) int32 { return int32(min(n, math.MaxInt32)) }

// list reads a list whose elements may hold several values.
func list(r *settings.Fields, name string) []string {
	var out []string
	for _, element := range r.List(name) {
		for part := range strings.SplitSeq(element, ",") {
			if part = strings.TrimSpace(part); part != "" {
				out = append(out, part)
			}
		}
	}
	return out
}

// size reads bytes such as 16MiB; zero for auto.
func size(r *settings.Fields, name string) int64 {
	text := r.Text(name)
	if text == "auto" {
		return 0
	}
	n, ok := settings.Bytes(text)
	if !ok {
		r.Fail(fmt.Errorf("%s: %q is no size: write one such as 64MiB, or auto where that is allowed", name, text))
	}
	return n
}
