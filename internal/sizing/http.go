package sizing

// OwnHTTP is the name of the HTTP input of this project.
const OwnHTTP = "s3_destination_http"
