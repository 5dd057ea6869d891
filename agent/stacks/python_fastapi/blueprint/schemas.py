"""The contract's schemas as Pydantic models, made by datamodel-code-generator."""

from __future__ import annotations

import ast
import json
import re
import warnings
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

from agent.contract.model import Body, Contract, Operation, Schema
from agent.stacks.python_fastapi.blueprint.counting import with_counts, without_needs
from agent.stacks.python_fastapi.blueprint.directions import directed
from agent.stacks.python_fastapi.blueprint.keeping import CARRIED, with_kept
from agent.stacks.python_fastapi.blueprint.naming import Names, pascal
from agent.stacks.python_fastapi.blueprint.rephrasing import PREFIX, UNSAID, VALUES, renamed_references
from agent.stacks.python_fastapi.blueprint.untangling import untangled
from tools.scratch import scratch_folder

FORMS = ("application/x-www-form-urlencoded", "multipart/form-data")
_STRICT = re.compile(r"\bStrict(Int|Float|Bool)\b")
_HEADER = '"""What requests and answers carry, as the contract says it."""'
_TAKEN = (
    *("ValidationError", "HTTPValidationError", "Caller", "Database", "Path", "Query", "Header", "Cookie", "Body"),
    *(
        "AfterValidator",
        "BeforeValidator",
        "Spelt",
        "Sequence",
        "Mapping",
        "AwareDatetime",
        "EmailStr",
        "UUID",
        "SecretStr",
    ),
    *("APIRouter", "Depends", "Form", "Request", "Response", "Route", "SkipJsonSchema", "CurrentCaller", "TokenIssuer"),
    *("Forbidden", "InvalidInput", "NotFound", "OperationNotImplemented", "Unauthenticated", "Sessions"),
)
"""Names that FastAPI gives components of its own, and names that the code around imports."""
_SHADOWED = ("BaseModel", "RootModel", "Field", "Any", "Annotated", "Literal", "Enum", "StrEnum", "MISSING")


@dataclass(frozen=True, slots=True)
class ModelField:
    """One field of a generated class."""

    name: str
    type: str
    required: bool


@dataclass(frozen=True)
class SchemaModule:
    """The module of models, and what is in it."""

    text: str
    classes: Mapping[str, str]
    """Name of a component, supplied or synthetic → name of its class."""
    fields: Mapping[str, Mapping[str, ModelField]]
    """Class → property → field, inherited ones left out."""
    bases: Mapping[str, tuple[str, ...]]
    broken: Mapping[str, str] = field(default_factory=dict)
    """Component that could not be generated → why; its class takes anything."""
    sent: Mapping[str, str] = field(default_factory=dict)
    """Component → the one whose class stands for it in requests, where that is another."""

    def field(self, name: str, property_name: str) -> ModelField | None:
        """The field of the class for a property, looked for in its bases too."""
        own = self.fields.get(name, {}).get(property_name)
        if own is not None:
            return own
        inherited = (self.field(base, property_name) for base in self.bases.get(name, ()))
        return next((one for one in inherited if one is not None), None)

    @cached_property
    def members(self) -> Mapping[str, Mapping[Any, str]]:
        """Enum class → value → name of the member."""
        found: dict[str, dict[Any, str]] = {}
        for node in ast.parse(self.text).body:
            if isinstance(node, ast.ClassDef) and any("Enum" in ast.unparse(base) for base in node.bases):
                found[node.name] = {
                    ast.literal_eval(line.value): line.targets[0].id
                    for line in node.body
                    if isinstance(line, ast.Assign)
                    and isinstance(line.targets[0], ast.Name)
                    and isinstance(line.value, ast.Constant)
                }
        return found


def body_name(operation: Operation) -> str:
    """Name of the component made for a body that stands inline."""
    return f"{operation.key} body"


def answer_name(operation: Operation, status: str) -> str:
    """Name of the component made for an answer that stands inline."""
    return f"{operation.key} answer {status}"


def reference(schema: Schema) -> str | None:
    """The component that the schema is nothing but a reference to."""
    target = schema.get("$ref")
    whole = isinstance(target, str) and target.startswith(PREFIX) and "/" not in target.removeprefix(PREFIX)
    return str(target).removeprefix(PREFIX) if whole and not (set(schema) - {"$ref", "description", *UNSAID}) else None


def _class_name(component: str) -> str:
    name = pascal(component, fallback="Model")
    return f"{name}Model" if name in _TAKEN else name


def class_reference(contract: Contract, schema: Schema) -> str | None:
    """The component that the schema refers to, where that has a class of its own: objects have, lists and texts not."""
    name = reference(schema)
    target = contract.resolve(schema)
    is_object = "properties" in target or "allOf" in target or target.get("type") == "object"
    return name if name in contract.schemas and is_object else None


def generate_schemas(contract: Contract) -> SchemaModule:
    """Models of all components, and of the bodies and JSON answers that stand inline."""
    ways = directed(contract, dict(_inline_bodies(contract)), dict(_inline_answers(contract)))
    components = untangled(contract, ways.components)
    names = Names(*(name.lower() for name in _SHADOWED))
    safe = {name: names.take(_class_name(name)) for name in components}
    renamed = {safe[name]: renamed_references(schema, safe) for name, schema in components.items()}
    renamed = _with_shared_enums(renamed, names)
    broken: dict[str, str] = {}
    try:
        text, metadata = _generated(renamed)
    except Exception as error:  # noqa: BLE001 - a generator of foreign code raises whatever it likes
        broken = _broken(renamed, error)
        text, metadata = _generated({name: {} if name in broken else schema for name, schema in renamed.items()})
    return replace(_read(_with_forms(contract, text, safe), metadata, safe, broken), sent=ways.sent)


def _with_forms(contract: Contract, text: str, classes: Mapping[str, str]) -> str:
    """The module with values in the classes of forms that are read from text; what is sent as JSON is read as it is."""
    for operation in contract.operations:
        sent = body_schema(operation)
        if sent is None or operation.body is None or body_media(operation.body) not in FORMS:
            continue
        name = classes.get(class_reference(contract, sent) or body_name(operation), "")
        found = re.search(rf"^class {re.escape(name)}\(.*?(?=^\S)", f"{text}\n\n#", re.MULTILINE | re.DOTALL)
        if name and found and len(re.findall(rf"\b{re.escape(name)}\b", text)) == 1:
            text = text.replace(found[0].rstrip(), _STRICT.sub(lambda one: one[1].lower(), found[0]).rstrip())
    return text


def _with_shared_enums(schemas: Mapping[str, Any], names: Names) -> dict[str, Any]:
    """The schemas with every listing of texts that has a default as a component of its own, equal ones shared.

    The generator makes one class of equal listings, and would give the default of one to the others.
    """
    shared: dict[str, tuple[str, Any]] = {}

    def apart(part: Any, named: str) -> Any:
        if isinstance(part, list):
            return [apart(item, named) for item in part]
        if not isinstance(part, Mapping):
            return part
        if part.get("type") == "string" and isinstance(part.get("enum"), list) and part.get("default") is not None:
            listing = {key: value for key, value in part.items() if key not in {"default", "description"}}
            told = json.dumps(listing, default=str, sort_keys=True)
            if told not in shared:
                shared[told] = (names.take(_class_name(named)), listing)
            beside = {key: part[key] for key in ("default", "description") if key in part}
            return {"$ref": f"{PREFIX}{shared[told][0]}", **beside}
        return {key: value if key in VALUES else apart(value, key) for key, value in part.items()}

    found = {name: apart(schema, name) if "enum" not in schema else schema for name, schema in schemas.items()}
    return {**found, **dict(shared.values())}


def body_media(body: Body) -> str | None:
    """The media type of the body that the route reads: JSON before forms; None for bodies read as bytes."""
    return body.json_media or next((media for media in body.content if media in FORMS), None)


def body_schema(operation: Operation) -> Schema | None:
    """The schema of the body that the route reads; None for bodies read as bytes, or none."""
    media = body_media(operation.body) if operation.body else None
    return operation.body.content[media] if operation.body and media else None


def _inline_bodies(contract: Contract) -> Iterator[tuple[str, Schema]]:
    for operation in contract.operations:
        sent = body_schema(operation)
        if sent is not None and class_reference(contract, sent) is None:
            yield body_name(operation), contract.resolve(sent)


def _inline_answers(contract: Contract) -> Iterator[tuple[str, Schema]]:
    for operation in contract.operations:
        for answer in operation.answers:
            if answer.json is not None and class_reference(contract, answer.json) is None:
                yield answer_name(operation, answer.status), contract.resolve(answer.json)


def _generated(schemas: Mapping[str, Any]) -> tuple[str, Mapping[str, Any]]:
    from datamodel_code_generator import generate
    from datamodel_code_generator.enums import (
        DataModelType,
        DefaultValueType,
        InputFileType,
        OpenAPIScope,
        StrictTypes,
        TargetPydanticVersion,
    )
    from datamodel_code_generator.format import Formatter, PythonVersion

    if not schemas:
        return '"""The contract has no schemas."""\n', {"models": []}
    document = {
        "openapi": "3.1.0",
        "info": {"title": "schemas", "version": "1"},
        "paths": {},
        "components": {"schemas": without_needs(schemas)},
    }
    with scratch_folder("schemas") as folder, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        output, metadata = folder / "api.py", folder / "metadata.json"
        generate(
            json.dumps(document, default=str),
            input_filename="openapi.json",
            input_file_type=InputFileType.OpenAPI,
            openapi_scopes=[OpenAPIScope.Schemas],
            output=output,
            output_model_type=DataModelType.PydanticV2BaseModel,
            emit_model_metadata=metadata,
            target_python_version=PythonVersion.PY_312,
            target_pydantic_version=TargetPydanticVersion.V2_14,
            formatters=[Formatter.BUILTIN],
            builtin_format_line_length=100,
            custom_file_header=_HEADER,
            use_annotated=True,
            use_missing_sentinel=True,
            strict_nullable=True,
            strict_types=[StrictTypes.int, StrictTypes.float, StrictTypes.bool],
            snake_case_field=True,
            collapse_root_models=True,
            use_specialized_enum=True,
            deserialize_default_values=[DefaultValueType.Enum],
            field_extra_keys={"readOnly", "writeOnly", *CARRIED},
            use_schema_description=True,
            use_field_description=True,
            use_single_line_docstring=True,
            allow_remote_refs=False,
            import_overrides=dict.fromkeys(("AwareDatetime", "EmailStr", "UUID", "date"), "src.schemas.formats"),
        )
        told = json.loads(metadata.read_text())
        return with_counts(with_kept(_with_type_statements(output.read_text())), told, schemas), told


def _with_type_statements(text: str) -> str:
    """`A = TypeAliasType("A", B)` as `type A = B`."""
    lines = text.splitlines(keepends=True)
    for node in reversed(ast.parse(text).body):
        match node:
            case ast.Assign(targets=[ast.Name(name)], value=ast.Call(ast.Name("TypeAliasType"), [_, meant])):
                lines[node.lineno - 1 : node.end_lineno] = [f"type {name} = {ast.unparse(meant)}\n"]
            case ast.ImportFrom(module="typing_extensions", names=[ast.alias("TypeAliasType")]):
                lines[node.lineno - 1 : node.end_lineno] = []
    return "".join(lines)


def _broken(schemas: Mapping[str, Any], error: Exception) -> dict[str, str]:
    """The components that cannot be generated, alone with what they refer to; all, when none fails alone."""
    found: dict[str, str] = {}
    for name in schemas:
        needed = _closure(name, schemas) - set(found)
        try:
            _generated({one: {} if one in found else schemas[one] for one in schemas if one in needed})
        except Exception as problem:  # noqa: BLE001 - see above
            found[name] = f"{type(problem).__name__}: {problem}"
    return found or dict.fromkeys(schemas, f"{type(error).__name__}: {error}")


def _closure(name: str, schemas: Mapping[str, Any]) -> set[str]:
    reached, waiting = set[str](), [name]
    while waiting:
        one = waiting.pop()
        if one in reached or one not in schemas:
            continue
        reached.add(one)
        said = json.dumps(schemas[one], default=str)
        waiting += [other for other in schemas if f'"{PREFIX}{other}"' in said]
    return reached


def _read(text: str, metadata: Mapping[str, Any], safe: Mapping[str, str], broken: Mapping[str, str]) -> SchemaModule:
    models = metadata["models"]
    at = {tuple(model["source_path"]): model["class_name"] for model in models}
    found = {name: at.get(("components", "schemas", component)) for name, component in safe.items()}
    lost = {name: "the generator left it out" for name, made in found.items() if made is None}
    originals = {component: name for name, component in safe.items()}
    return SchemaModule(
        text=text,
        classes={name: made for name, made in found.items() if made is not None},
        fields={
            model["class_name"]: {
                one["original_name"]: ModelField(one["name"], one["type"], one["required"])
                for one in model.get("fields", ())
            }
            for model in models
        },
        bases={
            node.name: tuple(base.id for base in node.bases if isinstance(base, ast.Name))
            for node in ast.parse(text).body
            if isinstance(node, ast.ClassDef)
        },
        broken={**{originals[name]: why for name, why in broken.items()}, **lost},
    )
