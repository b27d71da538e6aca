# A static binary in an image without shell or package manager. It needs no
# writable disk: run it with a read-only root file system.
#
#   docker build -t s3-destination .
#   docker run --rm -v $PWD/config.yaml:/config.yaml:ro --read-only s3-destination
#
# The base image can be replaced, for registries behind a firewall.
ARG GO_IMAGE=golang:1.26-bookworm

FROM --platform=$BUILDPLATFORM ${GO_IMAGE} AS build
ARG TARGETOS=linux
ARG TARGETARCH
ARG VERSION=dev
ARG DATE=unknown
WORKDIR /src
COPY go.mod go.sum ./
RUN go mod download
COPY . .
# timetzdata: the time zones are part of the binary.
RUN CGO_ENABLED=0 GOOS=${TARGETOS} GOARCH=${TARGETARCH} go build -trimpath -tags timetzdata \
    -ldflags "-s -w -X main.version=${VERSION} -X main.date=${DATE}" \
    -o /out/s3-destination ./cmd/s3-destination

FROM scratch
ARG VERSION=dev
LABEL org.opencontainers.image.title="s3-destination" \
      org.opencontainers.image.description="Lands streams of records in S3 as partitioned, size-capped objects" \
      org.opencontainers.image.source="https://github.com/s3-destination/s3-destination" \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.version="${VERSION}"
COPY --from=build /etc/ssl/certs/ca-certificates.crt /etc/ssl/certs/ca-certificates.crt
COPY --from=build /out/s3-destination /s3-destination
COPY LICENSE NOTICE /
USER 65532:65532
EXPOSE 4195
HEALTHCHECK --interval=10s --timeout=6s --start-period=20s CMD ["/s3-destination", "health"]
ENTRYPOINT ["/s3-destination"]
CMD ["run", "/config.yaml"]
