"""What commands do to infrastructure: Terraform and its kin, Kubernetes and Helm, the clouds, hosts of applications,
and deploy scripts.

A thing that runs somewhere is a *service*: `service:CLUSTER/NAMESPACE/NAME`, `service:CLOUD/NAME`, or, for a
project that is deployed as a whole, `service:OWNER/NAME/prod`. What a command finds through an ambient setting (the
current kube context, the active cloud account) it *uses*, so that whoever switches that setting is seen to switch it
under others.
"""

from __future__ import annotations

from collections.abc import Callable

from sidelight.effects import Command, Effects
from sidelight.effects.infrastructure.amazon import aws, eksctl
from sidelight.effects.infrastructure.clouds import az, doctl, gcloud, gsutil
from sidelight.effects.infrastructure.hosting import (
    capistrano,
    eb,
    firebase,
    fly,
    heroku,
    kamal,
    netlify,
    railway,
    render,
    vercel,
    wrangler,
)
from sidelight.effects.infrastructure.kubernetes import (
    argocd,
    flux,
    helm,
    helmfile,
    k9s,
    kubectl,
    kubectx,
    kustomize,
    local_cluster,
    skaffold,
)
from sidelight.effects.infrastructure.scripts import RUNNERS, is_deploy_script, script_call
from sidelight.effects.infrastructure.scripts import deploy_script as deploy_script
from sidelight.effects.infrastructure.stateful import ansible, cdk, pulumi, sam, serverless, terraform
from sidelight.facts import Facts

_TABLE: dict[str, Callable[[Command, Facts], Effects | None]] = {
    **dict.fromkeys(("terraform", "tofu", "opentofu", "terragrunt"), terraform),
    "pulumi": pulumi,
    "cdk": cdk,
    "cdktf": cdk,
    "serverless": serverless,
    "sls": serverless,
    "sam": sam,
    "ansible-playbook": ansible,
    "ansible": ansible,
    "kubectl": kubectl,
    "oc": kubectl,
    "k": kubectl,
    "kubecolor": kubectl,
    "kubectx": kubectx,
    "kubens": kubectx,
    "k9s": k9s,
    "helm": helm,
    "helmfile": helmfile,
    "kustomize": kustomize,
    "skaffold": skaffold,
    "argocd": argocd,
    "flux": flux,
    "kind": local_cluster,
    "minikube": local_cluster,
    "k3d": local_cluster,
    "aws": aws,
    "gcloud": gcloud,
    "gsutil": gsutil,
    "az": az,
    "doctl": doctl,
    "eksctl": eksctl,
    "eb": eb,
    "fly": fly,
    "flyctl": fly,
    "heroku": heroku,
    "vercel": vercel,
    "now": vercel,
    "netlify": netlify,
    "ntl": netlify,
    "wrangler": wrangler,
    "firebase": firebase,
    "railway": railway,
    "render": render,
    "kamal": kamal,
    "mrsk": kamal,
    "cap": capistrano,
    **dict.fromkeys(RUNNERS, script_call),
}
PROGRAMS: frozenset[str] = frozenset({*_TABLE, "deploy", "deploy.sh", "deploy.py", "deploy.rb"})


def read(command: Command, facts: Facts) -> Effects | None:
    """What an infrastructure program does, None if it is not understood."""
    row = _TABLE.get(command.argv[0])
    if row:
        return row(command, facts)
    return script_call(command, facts) if is_deploy_script(command.argv[0]) else None
