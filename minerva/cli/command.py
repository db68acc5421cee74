"""The command classes: every command takes the same options, before or after its name."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import click

from minerva.cli.failures import Failure, Unexpected, debugging
from minerva.cli.session import WORKSPACE_VARIABLE, Session
from minerva.errors import MinervaError
from minerva.spelling import meant


class Command(click.Command):
    """A command with the options that all have."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.help = _with_examples(self.help)
        self.params.extend(session_options(shown=False))


class Group(click.Group):
    """A group of commands, with the same options."""

    command_class = Command

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.help = _with_examples(self.help)
        self.params.extend(session_options(shown=False))


class UsualGroup(Group):
    """A group whose `usual` command need not be named: a first word that is no command is its argument."""

    usual = "list"

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find the command; a second word tells a mistyped command from an argument."""
        more = len(args) > 1 and not args[1].startswith("-")
        mistyped = more and meant(args[0], self.commands) is not None
        if args[0] not in self.commands and not mistyped:
            args = [self.usual, *args]
        return super().resolve_command(ctx, args)


class Program(click.Group):
    """The program: turns errors into sentences, and lists its commands by what they are for."""

    command_class = Command
    group_class = Group

    def __init__(self, *args: Any, sections: Mapping[str, Sequence[str]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.help = _with_examples(self.help)
        self.params.extend(session_options(shown=True))
        self._sections = sections

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command that was asked for."""
        try:
            return super().invoke(ctx)
        except MinervaError as error:
            if debugging():
                raise
            raise Failure(error) from error
        except (click.ClickException, click.exceptions.Exit, click.Abort, BrokenPipeError):
            raise  # click knows what to do
        except OSError as error:
            if debugging():
                raise
            raise click.ClickException(_told(error)) from error
        except Exception as error:
            if debugging():
                raise
            raise Unexpected(error) from error

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the sections of the help."""
        for title, names in self._sections.items():
            found = [(name, self.get_command(ctx, name)) for name in names]
            rows = [(name, command.get_short_help_str(90)) for name, command in found if command]
            with formatter.section(title):
                formatter.write_dl(rows)


def session_options(*, shown: bool) -> list[click.Option]:
    """Return the options that every command takes; shown in the program's own help only."""
    folder = click.Path(file_okay=False, path_type=Path)
    file = click.Path(dir_okay=False, exists=True, path_type=Path)
    return [
        click.Option(
            ["--workspace"], type=folder, metavar="DIR", expose_value=False, hidden=not shown,
            envvar=WORKSPACE_VARIABLE, show_envvar=True, callback=_keep("workspace_option"),
            help="The workspace; else the nearest folder upwards with minerva.toml.",
        ),
        click.Option(
            ["--url"], metavar="URL", expose_value=False, hidden=not shown,
            callback=_keep("url_option"), help="The sidecar; else the workspace's own.",
        ),
        click.Option(
            ["--key-file"], type=file, metavar="FILE", expose_value=False, hidden=not shown,
            callback=_keep("key_file_option"),
            help="File with the API key; else $MINERVA_API_KEY, else the workspace's own admin key.",
        ),
        click.Option(
            ["--json"], is_flag=True, expose_value=False, callback=_keep("json"),
            help="Answer in JSON, for machines.",
        ),
    ]  # fmt: skip


def _with_examples(text: str | None) -> str | None:
    """Keep the lines of a paragraph that has indented ones, such as examples, as they are written."""
    if text is None:
        return None
    paragraphs = inspect.cleandoc(text).split("\n\n")
    return "\n\n".join(f"\b\n{one}" if "\n  " in one else one for one in paragraphs)


def _keep(name: str) -> Callable[[click.Context, click.Parameter, Any], None]:
    """Remember an option in the session; what is said nearer to the command's name wins."""

    def keep(ctx: click.Context, _parameter: click.Parameter, value: Any) -> None:
        session = ctx.ensure_object(Session)
        if value or not hasattr(session, name):
            setattr(session, name, value)

    return keep


def _told(error: OSError) -> str:
    where = f"{error.filename}: " if error.filename else ""
    return f"{where}{error.strerror or type(error).__name__}."
