"""The rules of application commands (Discord's reference, "Application Commands")."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .errors import FormErrors
from .jsons import as_list, as_object

if TYPE_CHECKING:
    from .jsons import Json

CHAT_INPUT = 1
PER_TYPE = {1: 100, 2: 15, 3: 15}
NAME = 32
DESCRIPTION = 100
OPTIONS = 25
CHOICES = 25
WHOLE_COMMAND = 8000
SUB_COMMAND = 1
GROUP = 2
OPTION_TYPES = range(1, 12)
CHOICE_TYPES = (3, 4, 10)
CONTEXTS = (0, 1, 2)
INSTALLS = (0, 1)


def check_commands(commands: list[Json]) -> None:
    """Demand a set of commands that Discord would take whole.

    Raises:
        ApiError: 50035 with every fault.
    """
    errors = FormErrors()
    for kind, most in PER_TYPE.items():
        names = [one.get("name") for one in commands if one.get("type", CHAT_INPUT) == kind]
        errors.unique("commands", names, "APPLICATION_COMMANDS_DUPLICATE_NAME")
        if len(names) > most:
            errors.add("commands", "APPLICATION_COMMAND_TOO_MANY", f"At most {most} commands of type {kind}.")
    for index, command in enumerate(commands):
        _check_command(errors, str(index), command)
    errors.raise_if_any()


def command_size(node: Json) -> int:
    """Return the characters that count towards a command's 8,000: names, descriptions and choice values.

    Of every field the longest localization counts, as Discord says.
    """
    size = _longest(node, "name") + _longest(node, "description")
    size += len(node["value"]) if isinstance(node.get("value"), str) else 0
    children = [*as_list(node.get("options")), *as_list(node.get("choices"))]
    return size + sum(command_size(child) for child in children)


def _longest(node: Json, key: str) -> int:
    texts = [node.get(key), *as_object(node.get(f"{key}_localizations")).values()]
    return max(len(str(text)) if text else 0 for text in texts)


def _check_command(errors: FormErrors, path: str, command: Json) -> None:
    kind = command.get("type", CHAT_INPUT)
    if kind not in PER_TYPE:
        errors.add(f"{path}.type", "BASE_TYPE_CHOICES", "A type of 1, 2 or 3 is required.")
    elif kind == CHAT_INPUT:
        _check_named(errors, path, command)
        _check_options(errors, path, command, depth=0)
    else:
        errors.text(f"{path}.name", command.get("name"), high=NAME, low=1)
        if command.get("description") or command.get("options"):
            errors.add(path, "APPLICATION_COMMAND_CONTEXT_MENU", "A context menu has no description and no options.")
    if command_size(command) > WHOLE_COMMAND:
        errors.add(path, "APPLICATION_COMMAND_TOO_LARGE", f"Command exceeds maximum size ({WHOLE_COMMAND})")
    _check_places(errors, path, command)


def _check_places(errors: FormErrors, path: str, command: Json) -> None:
    for key, allowed in (("contexts", CONTEXTS), ("integration_types", INSTALLS)):
        for value in command.get(key) or ():
            if value not in allowed:
                errors.add(f"{path}.{key}", "BASE_TYPE_CHOICES", f"{value!r} is none of {allowed}.")
    permissions = command.get("default_member_permissions")
    if permissions is not None and not str(permissions).isdigit():
        errors.add(f"{path}.default_member_permissions", "BITFIELD_INVALID", "Must be a permission integer.")


def _check_named(errors: FormErrors, path: str, node: Json) -> None:
    for field, text in {"": node.get("name"), **as_object(node.get("name_localizations"))}.items():
        where = f"{path}.name_localizations.{field}" if field else f"{path}.name"
        if errors.text(where, text, high=NAME, low=1) and not _is_name(str(text)):
            errors.add(where, "APPLICATION_COMMAND_INVALID_NAME", "Command name is invalid")
    for field, text in {"": node.get("description"), **as_object(node.get("description_localizations"))}.items():
        where = f"{path}.description_localizations.{field}" if field else f"{path}.description"
        errors.text(where, text, high=DESCRIPTION, low=1)


def _is_name(text: str) -> bool:
    letters = all(letter.isalnum() or letter in "-_'" or not letter.isascii() for letter in text)
    return letters and text == text.lower() and " " not in text


def _check_options(errors: FormErrors, path: str, node: Json, *, depth: int) -> None:
    options: list[Json] = errors.items(f"{path}.options", node.get("options"), high=OPTIONS)
    errors.unique(f"{path}.options", [one.get("name") for one in options], "APPLICATION_COMMAND_OPTIONS_NAME_DUPLICATE")
    optional_seen = False
    for index, option in enumerate(options):
        inner = f"{path}.options.{index}"
        kind: Any = option.get("type")
        _check_named(errors, inner, option)
        if kind not in OPTION_TYPES:
            errors.add(f"{inner}.type", "BASE_TYPE_CHOICES", f"{kind!r} is no option type.")
        elif kind in (SUB_COMMAND, GROUP):
            _check_nested(errors, inner, option, options, depth=depth)
        else:
            if optional_seen and option.get("required"):
                text = "Required options must be placed before non-required options"
                errors.add(inner, "APPLICATION_COMMAND_OPTIONS_REQUIRED_INVALID", text)
            optional_seen = optional_seen or not option.get("required")
            _check_value_option(errors, inner, option)


def _check_nested(errors: FormErrors, path: str, option: Json, siblings: list[Json], *, depth: int) -> None:
    deepest = 1 if option["type"] == SUB_COMMAND else 0
    if depth > deepest or any(one.get("type") not in (SUB_COMMAND, GROUP) for one in siblings):
        errors.add(path, "APPLICATION_COMMAND_OPTIONS_TYPE_INVALID", "Sub-command and group option types are mixed.")
    inner = depth + 1 if option["type"] == GROUP else depth + 2
    _check_options(errors, path, option, depth=inner)


def _check_value_option(errors: FormErrors, path: str, option: Json) -> None:
    choices: list[Json] = errors.items(f"{path}.choices", option.get("choices"), high=CHOICES)
    if choices and (option.get("autocomplete") or option["type"] not in CHOICE_TYPES):
        errors.add(f"{path}.choices", "APPLICATION_COMMAND_CHOICES", "Not with autocomplete nor with that type.")
    for index, choice in enumerate(choices):
        check_choice(errors, f"{path}.choices.{index}", choice)
    errors.unique(f"{path}.choices", [one.get("name") for one in choices], "APPLICATION_COMMAND_CHOICE_DUPLICATE")
    errors.number(f"{path}.min_length", option.get("min_length"), low=0, high=6000)
    errors.number(f"{path}.max_length", option.get("max_length"), low=1, high=6000)


def check_choice(errors: FormErrors, path: str, choice: Json) -> None:
    """Demand a choice of an option or of an autocomplete answer within Discord's limits."""
    errors.text(f"{path}.name", choice.get("name"), high=100, low=1)
    value = choice.get("value")
    if isinstance(value, str):
        errors.text(f"{path}.value", value, high=100, low=1)
    elif not isinstance(value, int | float):
        errors.add(f"{path}.value", "BASE_TYPE_REQUIRED", "A value is required.")
