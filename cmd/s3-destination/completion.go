package main

import (
	"fmt"
	"io"
	"os"
	"slices"
	"strings"

	"github.com/redpanda-data/benthos/v4/public/service"
	"github.com/urfave/cli/v2"

	"github.com/s3-destination/s3-destination/internal/commands"
)

// completionFlag is what the scripts of shells put behind the words of a command line.
const completionFlag = "--generate-bash-completion"

// completing is a command that nobody sees. It has the library print what can follow,
// which it does for programs that are told so before they start; Benthos tells nobody.
const completing = "__complete"

// completeWords turns the command line of a script into that command.
func completeWords(args []string) service.CLIOptFunc {
	if args[len(args)-1] == completionFlag {
		args = []string{args[0], completing}
	}
	return service.CLIOptSetArgs(args...)
}

func completeCommand() *cli.Command {
	return &cli.Command{
		Name: completing, Hidden: true,
		Action: func(c *cli.Context) error {
			if slices.Contains(os.Args, "--") {
				return nil // the library would run the command
			}
			app := c.App
			app.EnableBashCompletion = true
			return app.RunContext(c.Context, os.Args)
		},
	}
}

const bashCompletion = `# Completion of s3-destination for bash.
_s3_destination() {
  local cur=${COMP_WORDS[COMP_CWORD]} IFS=$'\n'
  local words=("${COMP_WORDS[@]:0:COMP_CWORD}")
  [[ $cur == -* ]] && words+=(-)
  COMPREPLY=($(compgen -W "$("${words[@]}" ` + completionFlag + ` 2>/dev/null)" -- "$cur"))
}
complete -o bashdefault -o default -F _s3_destination s3-destination
`

const zshCompletion = `#compdef s3-destination
# Completion of s3-destination for zsh.
_s3_destination() {
  local -a line options
  line=("${(@)words[1,CURRENT-1]}")
  [[ ${words[CURRENT]} == -* ]] && line+=(-)
  options=("${(@f)$(env 0=zsh ${line} ` + completionFlag + ` 2>/dev/null)}")
  if [[ -n ${options[1]} ]]; then
    _describe 'values' options
  else
    _files
  fi
}
compdef _s3_destination s3-destination
`

// completionCommand prints scripts for shells.
func completionCommand(out io.Writer) *cli.Command {
	script := func(shell, how string, text func(*cli.App) (string, error)) *cli.Command {
		return &cli.Command{
			Name: shell, Usage: "Print the script for " + shell, Description: how,
			Action: func(c *cli.Context) error {
				printed, err := text(c.App)
				if err == nil {
					_, err = io.WriteString(out, printed)
				}
				if err != nil {
					return cli.Exit(fmt.Sprintf("printing the completion for %s: %v", shell, err), commands.ExitUsage)
				}
				return nil
			},
		}
	}
	fixed := func(text string) func(*cli.App) (string, error) {
		return func(*cli.App) (string, error) { return text, nil }
	}
	return &cli.Command{
		Name:  "completion",
		Usage: "Print the script with which a shell completes commands and options",
		Subcommands: []*cli.Command{
			script("bash", "Write into ~/.bashrc: source <(s3-destination completion bash)", fixed(bashCompletion)),
			script("zsh", "Write into ~/.zshrc, behind compinit: source <(s3-destination completion zsh)", fixed(zshCompletion)),
			script("fish", "s3-destination completion fish > ~/.config/fish/completions/s3-destination.fish", func(app *cli.App) (string, error) {
				inOurWords(app)
				return app.ToFishCompletion()
			}),
		},
	}
}

// manCommand prints the man page.
func manCommand(out io.Writer) *cli.Command {
	return &cli.Command{
		Name:        "man",
		Usage:       "Print the man page",
		Description: "To read it: s3-destination man | man -l -. It is docs/reference/s3-destination.1 too, and in archives.",
		Action: func(c *cli.Context) error {
			page, err := manPage(c.App)
			if err == nil {
				_, err = io.WriteString(out, page)
			}
			if err != nil {
				return cli.Exit(fmt.Sprintf("printing the man page: %v", err), commands.ExitUsage)
			}
			return nil
		},
	}
}

// manPage has the library write the page, which leaves out what commands are given and
// their descriptions unless they are in their usage.
func manPage(app *cli.App) (string, error) {
	inOurWords(app)
	app.Description = strings.ReplaceAll(app.Description, "\n   ", "\n    ") + "\n\n# EXIT CODES\n"
	for _, line := range strings.Split(strings.TrimSpace(exitCodes), "\n")[1:] {
		code, meaning, _ := strings.Cut(strings.TrimSpace(line), " ")
		app.Description += "\n**" + code + "**: " + strings.TrimSpace(meaning) + "\n"
	}
	withDescriptions(app.Name, app.Commands)
	return app.ToManWithSection(1)
}

func withDescriptions(before string, commands []*cli.Command) {
	for _, c := range commands {
		if c.Description != "" {
			c.Usage += ".\n\n" + c.Description
		}
		name := before + " " + c.Name
		if c.ArgsUsage != "" {
			c.UsageText = name + " [options] " + c.ArgsUsage
		}
		withDescriptions(name, c.Subcommands)
	}
}
