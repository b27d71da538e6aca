# Makes what cyclonedx-gomod says of a binary the same to the byte wherever it
# runs, and adds what it does not know: the licences that go-licenses found.

(any(.metadata.properties[]; .name == "cdx:gomod:build:tag" and .value == "nokafka")) as $nokafka

# What go-licenses does not read, or finds no name for; see licences.allow.
| {
    std: "BSD-3-Clause",
    "github.com/jmespath/go-jmespath": "Apache-2.0",
    "github.com/redpanda-data/connect/v4": (if $nokafka then "Apache-2.0"
      else "Apache-2.0 AND LicenseRef-Redpanda-Community-License AND LicenseRef-Business-Source-License" end)
  } as $read

# A library is a package of a module, or the root of several.
| ($licences | split("\n") | map(split(" ") | {library: .[0], version: .[1], licence: .[2]})) as $found
| def licence: . as $module
    | [$found[] | select(.version == $module.version and (.library + "/" | startswith($module.name + "/"))) | .licence]
    | $read[$module.name] // (unique | join(" AND "))
    | if . == "" then error("no licence for " + $module.name) else . end;

.components |= map(.licenses = [{expression: licence}])
| .metadata.component.licenses = [{expression: "Apache-2.0"}]
| .metadata.timestamp = $date
| del(.metadata.tools[].hashes) # those of cyclonedx-gomod itself, which differ from machine to machine

# The serial number comes from the binary: the same binary, the same document.
| (.metadata.properties[] | select(.name == "cdx:gomod:binary:hash:SHA-256").value) as $sum
| .serialNumber = "urn:uuid:\($sum[0:8])-\($sum[8:12])-8\($sum[13:16])-a\($sum[17:20])-\($sum[20:32])"
