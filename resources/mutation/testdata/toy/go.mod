module toy

go 1.24
