"""What commands do to container images in their registries: `docker push`, `buildx … --push`, `crane`, `skopeo`.

A tag is what others pull, so it is the resource: `package:docker:ghcr.io/acme/api:stable`. An image without a tag holds
all its tags. What stays on this machine is not for here.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from sidelight.actions import DESTROYS, REPLACES
from sidelight.effects import UNKNOWN, Command, Effects, logins, places
from sidelight.effects.options import Words, split
from sidelight.effects.registries import package_draft
from sidelight.facts import Facts

ENGINES = frozenset({"docker", "podman", "nerdctl", "buildah"})
#: Tools that work on registries alone: verb → how many plain words before the images, and which of these is written.
TOOLS: dict[str, dict[str, int]] = {
    "crane": {"push": 2, "copy": 2, "cp": 2, "delete": 1},
    "skopeo": {"copy": 2, "delete": 1},
    "oras": {"push": 1, "copy": 2, "cp": 2, "attach": 1, "manifest push": 1, "manifest delete": 1, "blob delete": 1},
}
_TOOL_READS = frozenset(
    "manifest digest ls list config catalog validate inspect list-tags version help blob discover repo resolve".split()
)
PROGRAMS: frozenset[str] = frozenset({*ENGINES, *TOOLS})

_VALUED = (
    "-t --tag -f --file --context --platform --builder -u --username -p --password --build-arg --target --dest "
    "--format --cache-from --cache-to -o --output --label --secret --ssh --build-context --iidfile --metadata-file "
    "--new_tag -b --base --creds --src-creds --dest-creds --authfile --config --artifact-type -a --annotation "
    "--network --progress --set"
)
_GROUPS = frozenset({"image", "builder", "buildx", "imagetools", "manifest", "auth"})
_LOCAL = re.compile(r"(dir|oci|oci-archive|docker-archive|docker-daemon|containers-storage|tarball):")


def read(command: Command, facts: Facts) -> Effects | None:
    """What a command does to images in a registry, None if it is about something else."""
    program, argv = command.argv[0], command.argv
    pushes = "push" in argv[1:3]
    valued = set(_VALUED.split()) - ({"-a"} if pushes and program in ENGINES else set())
    words = split(argv, valued)
    group = [word for word in words.plain[:2] if word in _GROUPS]
    plain = words.plain[len(group) :]
    verb = plain[0] if plain else ""
    if verb in ("login", "logout"):
        effect = DESTROYS if verb == "logout" else REPLACES
        return logins.login("docker", command, facts, effect, registry_of(plain[1]) if plain[1:] else None)
    if program in TOOLS:
        return _tool(program, words, command, facts)
    if verb == "inspect" and group[-1:] in (["imagetools"], ["manifest"]):
        return Effects(reads=True)
    if verb == "push":
        targets = plain[1:3] if program != "docker" else plain[1:2]
        return _pushed(targets[-1:], command, facts, whole=words.on("-a", "--all-tags", "--all"))
    if verb == "create" and "imagetools" in group:
        return Effects(reads=True) if words.on("--dry-run") else _pushed(words.values("-t", "--tag"), command, facts)
    if verb in ("build", "bake") and _leaves(words):
        return _pushed(words.values("-t", "--tag"), command, facts)
    return None


def _leaves(words: Words) -> bool:
    """Does a build send what it made to the registry?"""
    outputs = ",".join(words.values("-o", "--output")).split(",")
    return words.on("--push") or "type=registry" in outputs or "push=true" in outputs


def _tool(program: str, words: Words, command: Command, facts: Facts) -> Effects | None:
    plain = words.plain
    if plain[:1] == ("tag",) and len(plain) > 2:
        return _pushed([f"{image_name(plain[1])}:{tag}" for tag in plain[2:]], command, facts)
    if plain[:1] in (("append",), ("mutate",), ("rebase",)):
        tags = words.values("-t", "--tag", "--new_tag")
        return _pushed(tags or plain[1:2], command, facts)
    if plain[:1] == ("sync",):
        return _pushed([], command, facts)
    for length in (2, 1):
        place = TOOLS[program].get(" ".join(plain[:length])) if len(plain) >= length else None
        if place:
            image = plain[length + place - 1 : length + place]
            gone = plain[length - 1] == "delete"
            return _pushed(image, command, facts, gone=gone)
    looks = not plain or plain[0] in _TOOL_READS or words.has("--version", "--help")
    return Effects(reads=True) if looks else None


def _pushed(
    images: Sequence[str], command: Command, facts: Facts, *, whole: bool = False, gone: bool = False
) -> Effects:
    """These images are written (or deleted) where others pull them; `whole`: all their tags."""
    if images and all(_LOCAL.match(image) for image in images):
        return Effects()
    known = [image for image in images if UNKNOWN not in image and not _LOCAL.match(image)]
    names = [image_name(image) if whole else tagged(image, gone=gone) for image in known]
    kind, effect = ("package-unpublish", DESTROYS) if gone else ("package-publish", REPLACES)
    relies = logins.used("docker", command, facts, registry_of(known[0]) if known else None)
    named = list(dict.fromkeys(names)) or [places.repository(facts)]
    return Effects((package_draft(kind, effect, "docker", named, places.summary(command), relies),))


def registry_of(image: str) -> str | None:
    """The registry that an image (or a login) names; None is Docker's own.

    >>> registry_of("ghcr.io/acme/app"), registry_of("localhost:5000/app"), registry_of("acme/app")
    ('ghcr.io', 'localhost:5000', None)
    """
    first, slash, _ = re.sub(r"^(docker|https?)://", "", image).partition("/")
    named = ("." in first or ":" in first or first == "localhost") if slash else "." in first
    return None if not named or first in ("docker.io", "index.docker.io") else first


def image_name(image: str) -> str:
    """An image without its tag and digest: `ghcr.io/acme/app:1.2@sha256:…` → `ghcr.io/acme/app`.

    >>> image_name("localhost:5000/app:dev"), image_name("docker.io/library/redis:7")
    ('localhost:5000/app', 'redis')
    """
    plain = re.sub(r"^(index\.)?docker\.io/(library/)?", "", image.removeprefix("docker://")).partition("@")[0]
    head, slash, last = plain.rpartition("/")
    return f"{head}{slash}{last.partition(':')[0]}"


def tagged(image: str, *, gone: bool = False) -> str:
    """An image with its tag, `latest` where none is said. Deleting by a digest may take any of its tags.

    >>> tagged("ghcr.io/acme/app"), tagged("acme/app:2@sha256:00"), tagged("acme/app@sha256:00", gone=True)
    ('ghcr.io/acme/app:latest', 'acme/app:2', 'acme/app')
    """
    tag = image.removeprefix("docker://").partition("@")[0].rpartition("/")[2].partition(":")[2]
    if not tag and gone and "@" in image:
        return image_name(image)
    return f"{image_name(image)}:{tag or 'latest'}"
