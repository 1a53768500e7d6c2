"""What commands do to container images in their registries."""

import pytest

from sidelight.effects import images
from tests.effects.reading import check, done
from tests.fakes import FakeFacts

API = "package:docker:ghcr.io/acme/api"
STABLE = ["only", f"package-publish replaces {API}:stable"]
OWN = FakeFacts(env={"DOCKER_AUTH_CONFIG": "{}"})

CASES = {
    "docker push": ("docker push --quiet ghcr.io/acme/api:stable", STABLE),
    "docker image push": ("docker image push ghcr.io/acme/api:stable", STABLE),
    "docker push without a tag": (
        "docker push acme/api",
        ["only", "package-publish replaces package:docker:acme/api:latest"],
    ),
    "docker's own registry has two spellings": (
        "docker push docker.io/acme/api:2",
        ["only", "package-publish replaces package:docker:acme/api:2"],
    ),
    "docker push of all tags": ("docker push -a ghcr.io/acme/api", ["only", f"package-publish replaces {API}"]),
    "a build that pushes": (
        "docker buildx build --platform linux/amd64 -t ghcr.io/acme/api:stable --tag=ghcr.io/acme/api:2 --push .",
        [*STABLE, f"package-publish replaces {API}:2"],
    ),
    "a build whose output is the registry": (
        "docker buildx build -o type=registry -t ghcr.io/acme/api:stable .",
        STABLE,
    ),
    "a build that stays here": ("docker build -t ghcr.io/acme/api:stable .", "not understood"),
    "a tag is moved": (
        "docker buildx imagetools create --tag ghcr.io/acme/api:stable ghcr.io/acme/api:sha-1",
        STABLE,
    ),
    "a tag would be moved": ("docker buildx imagetools create --dry-run -t ghcr.io/acme/api:stable x", "read"),
    "imagetools inspect reads": ("docker buildx imagetools inspect ghcr.io/acme/api:stable", "read"),
    "manifest inspect reads": ("docker manifest inspect ghcr.io/acme/api:stable", "read"),
    "manifest push": ("docker manifest push ghcr.io/acme/api:stable", STABLE),
    "podman push elsewhere": ("podman push api:local docker://ghcr.io/acme/api:stable", STABLE),
    "podman push to a directory": ("podman push api:local dir:/tmp/api", "nothing"),
    "buildah push": ("buildah push ghcr.io/acme/api:stable", STABLE),
    "skopeo copy": ("skopeo copy docker://ghcr.io/acme/api:1 docker://ghcr.io/acme/api:stable", STABLE),
    "skopeo copy to here": ("skopeo copy docker://ghcr.io/acme/api:1 oci:/tmp/api", "nothing"),
    "skopeo delete": (
        "skopeo delete docker://ghcr.io/acme/api:stable",
        ["only", f"package-unpublish destroys {API}:stable"],
    ),
    "skopeo inspect reads": ("skopeo inspect docker://ghcr.io/acme/api:stable", "read"),
    "crane cp": ("crane cp ghcr.io/acme/api:1 ghcr.io/acme/api:stable", STABLE),
    "crane push": ("crane push api.tar ghcr.io/acme/api:stable", STABLE),
    "crane tag": ("crane tag ghcr.io/acme/api:1 stable", STABLE),
    "crane deletes by digest": (
        "crane delete ghcr.io/acme/api@sha256:00",
        ["only", f"package-unpublish destroys {API}"],
    ),
    "crane digest reads": ("crane digest ghcr.io/acme/api:stable", "read"),
    "oras push": ("oras push ghcr.io/acme/api:stable a.txt", STABLE),
    "docker login": ("docker login ghcr.io -u me", ["only", "login replaces credential:m1:docker:ghcr.io"]),
    "docker login to its own registry": ("docker login -u me", ["only", "login replaces credential:m1:docker"]),
    "crane login": ("crane auth login ghcr.io", ["only", "login replaces credential:m1:docker:ghcr.io"]),
    "docker run is not for here": ("docker run acme/api", "not understood"),
}


@pytest.mark.parametrize(("line", "expected"), CASES.values(), ids=CASES)
def test_what_a_command_does_to_images(line, expected):
    check(done(images, line, OWN), expected)


def test_a_push_relies_on_the_login_of_its_registry():
    check(done(images, "docker push ghcr.io/acme/api:1"), ["package-publish uses credential:m1:docker:ghcr.io"])
    check(done(images, "docker push acme/api:1"), ["package-publish uses credential:m1:docker"])
