"""What commands do to infrastructure: states, clusters, clouds, deployments."""

import pytest

from sidelight.effects import infrastructure
from sidelight.effects.infrastructure.scripts import is_deploy_script
from tests.effects.reading import check, done, said
from tests.fakes import FakeFacts

STATE = "tfstate:acme/app#default"
KUBE = "kubecontext:m1:/home/me/.kube/config"
USES_KUBE = f"service-change uses {KUBE}"
SWITCH = ["only", f"context-switch switches {KUBE}"]
PROD = "service:acme/app/prod"
AWS = "credential:m1:aws"

CASES = {
    # Terraform and its kin
    "terraform apply": (
        "terraform apply -auto-approve",
        [f"infra-apply replaces {STATE}", "infra-apply uses path:m1:/repo"],
    ),
    "terraform apply of a directory": (
        "terraform -chdir=envs/prod apply",
        ["infra-apply replaces tfstate:acme/app/envs/prod#default"],
    ),
    "terraform apply of a workspace": (
        "TF_WORKSPACE=staging terraform apply",
        ["infra-apply replaces tfstate:acme/app#staging"],
    ),
    "tofu destroy": ("tofu destroy", [f"infra-destroy destroys {STATE}"]),
    "terraform apply -destroy": ("terraform apply -destroy", [f"infra-destroy destroys {STATE}"]),
    "terraform plan reads": ("terraform plan -destroy -out x", "read"),
    "terraform output reads": ("terraform output -json", "read"),
    "terraform state list reads": ("terraform state list", "read"),
    "terraform force-unlock": ("terraform force-unlock -force 123", ["only", f"infra-unlock destroys {STATE}"]),
    "terraform state rm": ("terraform state rm aws_s3_bucket.x", ["only", f"infra-unlock destroys {STATE}"]),
    "terraform apply without the lock is both": (
        "terraform apply -lock=false",
        [f"infra-apply replaces {STATE}", f"infra-unlock destroys {STATE}"],
    ),
    "terraform import": ("terraform import aws_s3_bucket.x y", [f"infra-apply replaces {STATE}"]),
    "terraform workspace select switches the directory": (
        "terraform workspace select prod",
        ["only", "context-switch switches path:m1:/repo/.terraform/environment"],
    ),
    "terraform init": ("terraform init", "nothing"),
    "terraform fmt is not for here": ("terraform fmt", "not understood"),
    "terragrunt applies all below": (
        "terragrunt run-all apply --terragrunt-working-dir live",
        ["infra-apply replaces tfstate:acme/app/live#default"],
    ),
    "pulumi up of a stack": ("pulumi up -y -s acme/prod", ["infra-apply replaces tfstate:acme/app#acme/prod"]),
    "pulumi cancel names a stack": ("pulumi cancel --yes dev", ["only", "infra-unlock destroys tfstate:acme/app#dev"]),
    "pulumi preview reads": ("pulumi preview", "read"),
    "pulumi cancel unlocks": ("pulumi cancel -s dev", ["only", "infra-unlock destroys tfstate:acme/app#dev"]),
    "cdk deploys a stack": ("cdk deploy ShopStack", ["infra-apply replaces tfstate:acme/app#ShopStack"]),
    "cdk diff reads": ("cdk diff", "read"),
    "serverless removes a stage": (
        "serverless remove --stage staging",
        ["only", "deploy destroys service:acme/app/staging"],
    ),
    "ansible plays on production": (
        "ansible-playbook -i inventories/production site.yml",
        ["only", f"deploy replaces {PROD}"],
    ),
    "ansible that only checks": ("ansible-playbook site.yml --check", "read"),
    # Kubernetes
    "kubectl get reads": ("kubectl get pods -A", "read"),
    "kubectl rollout status reads": ("kubectl rollout status deploy/web", "read"),
    "kubectl apply that only looks": ("kubectl apply -f x.yaml --dry-run=server", "read"),
    "kubectl with its own context relies on nothing ambient": (
        "kubectl --context staging -n checkout delete deploy --all",
        ["only", "service-change destroys service:staging/checkout"],
    ),
    "kubectl names a deployment": (
        "kubectl --context staging -n shop scale deploy/web --replicas=3",
        ["only", "service-change replaces service:staging/shop/web"],
    ),
    "kubectl scales to nothing": (
        "kubectl --context staging -n shop scale deploy web --replicas=0",
        ["only", "service-change destroys service:staging/shop/web"],
    ),
    "kubectl in the default namespace": (
        "kubectl --context staging rollout restart deployment/checkout",
        ["only", "service-change replaces service:staging/checkout"],
    ),
    "kubectl through the ambient context": (
        "kubectl -n shop set image deploy/web web=web:2",
        [USES_KUBE, "service-change replaces service:shop/web"],
    ),
    "kubectl deletes a namespace": (
        "kubectl --context eu delete ns shop",
        ["only", "service-change destroys service:eu/shop"],
    ),
    "kubectl deletes a pod: its application": (
        "kubectl --context eu -n shop delete pod web-7d9f8b6c5d-x2k4p",
        ["only", "service-change destroys service:eu/shop/web"],
    ),
    "kubectl deletes by label": (
        "kubectl --context eu -n shop delete pods -l app=web",
        ["only", "service-change destroys service:eu/shop/web"],
    ),
    "kubectl drains a node": (
        "kubectl --context eu drain node-7 --force",
        ["only", "service-change destroys service:eu/node/node-7"],
    ),
    "kubectl use-context switches": ("kubectl config use-context prod", SWITCH),
    "kubectl sets the default namespace": ("kubectl config set-context --current --namespace=shop", SWITCH),
    "kubectl config view reads": ("kubectl config view", "read"),
    "kubectl in another kubeconfig": (
        "KUBECONFIG=/tmp/kc kubectl config use-context prod",
        ["only", "context-switch switches kubecontext:m1:/tmp/kc"],
    ),
    "kubectl forwards a port": (
        "kubectl port-forward svc/web 8080:80",
        ["server-start uses port:m1:8080", f"server-start uses {KUBE}"],
    ),
    "kubectx switches": ("kubectx prod", SWITCH),
    "kubectx back switches": ("kubectx -", SWITCH),
    "kubectx alone reads": ("kubectx", "read"),
    "kubens switches": ("kubens shop", SWITCH),
    "oc project switches": ("oc project shop", SWITCH),
    "helm upgrade": (
        "helm upgrade --install web ./chart -n shop --kube-context eu",
        ["service-change replaces helm:eu/shop/web", "service-change replaces service:eu/shop/web"],
    ),
    "helm uninstall": ("helm uninstall web -n shop --kube-context eu", ["service-change destroys helm:eu/shop/web"]),
    "helm through the ambient context": (
        "helm rollback web 3",
        [USES_KUBE, "service-change replaces helm:current@m1/default/web"],
    ),
    "helm status reads": ("helm status web", "read"),
    "helm that only looks": ("helm upgrade web ./chart --dry-run", "read"),
    "helm template reads": ("helm template web ./chart", "read"),
    "argocd syncs": ("argocd app sync web", ["only", "service-change replaces service:argocd/web"]),
    "argocd diff reads": ("argocd app diff web", "read"),
    "flux suspends": (
        "flux --context eu suspend kustomization apps",
        ["only", "service-change destroys service:eu/flux-system/apps"],
    ),
    "kind deletes its cluster": (
        "kind delete cluster --name dev",
        ["only", "service-change destroys service:kind-dev"],
    ),
    # clouds
    "aws ecs service": (
        "aws --profile a ecs update-service --cluster staging --service checkout --force-new-deployment",
        ["only", "service-change replaces service:staging/checkout"],
    ),
    "aws ecs to nothing": (
        "aws --profile a ecs update-service --cluster staging --service checkout --desired-count 0",
        ["only", "service-change destroys service:staging/checkout"],
    ),
    "aws through the ambient account": (
        "aws lambda delete-function --function-name mailer",
        ["only", "service-change destroys service:lambda/mailer", f"service-change uses {AWS}"],
    ),
    "aws describe reads": ("aws ec2 describe-instances", "read"),
    "aws sts reads": ("aws sts get-caller-identity", "read"),
    "aws terminates several": (
        "aws --profile a ec2 terminate-instances --instance-ids i-1 i-2",
        ["only", "service-change destroys service:ec2/i-1", "service-change destroys service:ec2/i-2"],
    ),
    "aws s3 sync that deletes": (
        "aws --profile a s3 sync dist s3://acme-web/app --delete",
        ["service-change destroys service:s3/acme-web/app", "service-change uses path:m1:/repo/dist"],
    ),
    "aws s3 that only looks": ("aws s3 rm s3://acme-web/app --recursive --dryrun", "read"),
    "aws s3 download writes here": ("aws s3 cp s3://acme-web/x.json x.json", ["write replaces path:m1:/repo/x.json"]),
    "aws s3 ls reads": ("aws s3 ls s3://acme-web", "read"),
    "aws deletes a stack": (
        "aws --profile a cloudformation delete-stack --stack-name shop",
        ["only", "service-change destroys service:cloudformation/shop"],
    ),
    "aws rotates a secret": (
        "aws --profile a secretsmanager put-secret-value --secret-id shop/db --secret-string x",
        ["only", "secret-rotate replaces secret:aws/shop/db"],
    ),
    "aws deletes an access key": (
        "aws --profile a iam delete-access-key --access-key-id AKIA1 --user-name ci",
        ["secret-rotate destroys secret:aws/AKIA1"],
    ),
    "aws reads a secret": ("aws secretsmanager get-secret-value --secret-id shop/db", "read"),
    "aws parameter": (
        "aws --profile a ssm put-parameter --name /shop/db --value x --overwrite",
        ["only", "secret-rotate replaces secret:aws/shop/db"],
    ),
    "aws kubeconfig switches the context": ("aws --profile a eks update-kubeconfig --name prod", SWITCH),
    "aws configure switches the account": (
        "aws configure set region eu-west-1",
        ["only", f"context-switch switches {AWS}"],
    ),
    "aws sso login": ("aws sso login", ["only", f"login replaces {AWS}"]),
    "gcloud deploys a service": (
        "gcloud run deploy checkout --project shop --region eu",
        ["only", "deploy replaces service:shop/checkout"],
    ),
    "gcloud deploys without traffic": (
        "gcloud run deploy checkout --project shop --no-traffic",
        ["only", "deploy adds service:shop/checkout"],
    ),
    "gcloud deletes an instance": (
        "gcloud compute instances delete web-1 --project shop --zone a",
        ["only", "service-change destroys service:shop/web-1"],
    ),
    "gcloud list reads": ("gcloud run services list", "read"),
    "gcloud project switches": (
        "gcloud config set project shop",
        ["only", "context-switch switches credential:m1:gcloud"],
    ),
    "gcloud credentials switch the context": ("gcloud container clusters get-credentials eu --zone a", SWITCH),
    "gcloud secret version": (
        "gcloud secrets versions add db --project shop --data-file=-",
        ["only", "secret-rotate replaces secret:gcloud/shop/db"],
    ),
    "a gcloud configuration of one's own": (
        "CLOUDSDK_ACTIVE_CONFIG_NAME=b gcloud config set project shop",
        ["only", "context-switch switches credential:m1:gcloud:b"],
    ),
    "a new gcloud configuration is active at once": (
        "gcloud config configurations create b",
        ["only", "context-switch switches credential:m1:gcloud"],
    ),
    "gcloud relies on the ambient project": (
        "gcloud run jobs execute nightly --region eu",
        ["service-change uses credential:m1:gcloud"],
    ),
    "gcloud with its project relies on nothing ambient": (
        "gcloud run services update api --project shop --region eu",
        ["only", "service-change replaces service:shop/api"],
    ),
    "gcloud makes an account the active one": ("gcloud auth login", ["only", "login switches credential:m1:gcloud"]),
    "az relies on the ambient subscription": (
        "az webapp restart -g shop -n web",
        ["only", "service-change replaces service:shop/web", "service-change uses credential:m1:az"],
    ),
    "an az configuration of one's own": (
        "AZURE_CONFIG_DIR=/tmp/az az account set -s prod",
        ["only", "context-switch switches credential:m1:az:/tmp/az"],
    ),
    "aws sso login to a profile": ("aws sso login --profile lab", ["only", f"login replaces {AWS}:lab"]),
    "an aws profile of the environment": (
        "AWS_PROFILE=lab aws ecs update-service --cluster c --service web",
        ["only", "service-change replaces service:c/web", f"service-change uses {AWS}:lab"],
    ),
    "aws with keys of its own": (
        "AWS_ACCESS_KEY_ID=x aws ecs update-service --cluster c --service web",
        ["only", "service-change replaces service:c/web"],
    ),
    "gcloud login": (
        "gcloud auth application-default login",
        ["only", "login replaces credential:m1:gcloud:application-default"],
    ),
    "az deletes a group": (
        "az group delete -n shop --yes --subscription s",
        ["only", "service-change destroys service:shop"],
    ),
    "az switches the account": ("az account set -s prod", ["only", "context-switch switches credential:m1:az"]),
    "az keyvault secret": (
        "az keyvault secret set --subscription s --vault-name v --name db --value x",
        ["only", "secret-rotate replaces secret:azure/v/db"],
    ),
    "az show reads": ("az webapp show -n web -g shop", "read"),
    # hosts of applications
    "vercel previews": ("vercel", ["only", "deploy adds service:acme/app/preview/vercel"]),
    "vercel to production": ("vercel deploy --prod", ["only", f"deploy replaces {PROD}/vercel"]),
    "vercel ls reads": ("vercel ls", "read"),
    "vercel pulls its environment": ("vercel env pull", ["write replaces path:m1:/repo/.env.local"]),
    "vercel removes a variable": (
        "vercel env rm API_KEY production",
        ["only", "secret-rotate destroys secret:acme/app/vercel/API_KEY"],
    ),
    "netlify drafts": ("netlify deploy --dir dist", ["only", "deploy adds service:acme/app/preview/netlify"]),
    "netlify to production": ("netlify deploy --prod", ["only", f"deploy replaces {PROD}/netlify"]),
    "fly deploys": ("fly deploy", ["only", f"deploy replaces {PROD}/fly"]),
    "fly deploys a staging app": (
        "fly deploy -a shop-staging",
        ["deploy replaces service:acme/app/staging/fly/shop-staging", "deploy replaces service:fly/shop-staging"],
    ),
    "fly destroys an app": ("fly apps destroy shop", ["only", "service-change destroys service:fly/shop"]),
    "fly status reads": ("fly status", "read"),
    "wrangler deploys": ("wrangler deploy", ["only", f"deploy replaces {PROD}/cloudflare"]),
    "wrangler deploys an environment": (
        "wrangler deploy --env staging",
        ["only", "deploy replaces service:acme/app/staging/cloudflare"],
    ),
    "wrangler that only looks": ("wrangler deploy --dry-run", "read"),
    "wrangler runs sql far away": (
        "wrangler d1 execute shop --remote --command 'DROP TABLE a'",
        ["only", "db-reset destroys db:cloudflare/shop"],
    ),
    "wrangler selects": ("wrangler d1 execute shop --command 'SELECT 1'", "read"),
    "firebase deploys": (
        "firebase deploy --only functions -P shop-prod",
        [f"deploy replaces {PROD}/firebase/shop-prod", "deploy replaces service:firebase/shop-prod"],
    ),
    "firebase use switches": ("firebase use staging", ["only", "context-switch switches credential:m1:firebase"]),
    "heroku resets its database": (
        "heroku pg:reset -a shop --confirm shop",
        ["only", "db-reset destroys db:heroku/shop"],
    ),
    "heroku config reads": ("heroku config -a shop", "read"),
    "heroku config:set rotates and restarts": (
        "heroku config:set KEY=x -a shop",
        ["secret-rotate replaces secret:heroku/shop/KEY", "secret-rotate edits service:heroku/shop"],
    ),
    "heroku to nothing": ("heroku ps:scale web=0 -a shop", ["only", "service-change destroys service:heroku/shop"]),
    "railway up": ("railway up -e production", ["only", f"deploy replaces {PROD}/railway"]),
    "kamal deploys": ("kamal deploy -d staging", ["only", "deploy replaces service:acme/app/staging"]),
    "kamal releases the lock": ("kamal lock release", ["only", f"infra-unlock destroys {PROD}"]),
    "capistrano": ("cap production deploy", ["only", f"deploy replaces {PROD}"]),
    "capistrano tasks": ("cap -T", "read"),
    # deploy scripts
    "a deploy script with its stage": ("./scripts/deploy.sh production", ["only", f"deploy replaces {PROD}"]),
    "a deploy script given to a shell": (
        "bash scripts/deploy.sh staging",
        ["only", "deploy replaces service:acme/app/staging"],
    ),
    "a deploy script with its stage in the name": (
        "bin/deploy-staging",
        ["only", "deploy replaces service:acme/app/staging"],
    ),
    "a deploy script that only looks": ("./deploy.sh production --dry-run", "read"),
    "a make target": ("make deploy ENV=staging", ["only", "deploy replaces service:acme/app/staging"]),
    "a make target alone is production": ("make deploy", ["only", f"deploy replaces {PROD}"]),
    "another make target is not for here": ("make test", "not understood"),
    "another script is not for here": ("bash scripts/build.sh", "not understood"),
}


@pytest.mark.parametrize(("line", "expected"), CASES.values(), ids=CASES)
def test_what_an_infrastructure_command_does(line, expected):
    check(done(infrastructure, line), expected)


def test_the_workspace_of_a_directory_is_in_its_marker():
    facts = FakeFacts(files={"/repo/infra/.terraform/environment": "staging\n"}, directories=["/repo/infra"])
    check(
        done(infrastructure, "terraform apply", facts.at("/repo/infra")),
        [
            "infra-apply replaces tfstate:acme/app/infra#staging",
            "infra-apply uses path:m1:/repo/infra/.terraform/environment",
        ],
    )


def test_the_current_context_is_read_from_the_kubeconfig():
    facts = FakeFacts(files={"/home/me/.kube/config": "apiVersion: v1\ncurrent-context: arn:aws:eks:eu:1:cluster/eu\n"})
    check(
        done(infrastructure, "kubectl -n shop delete deploy web", facts),
        ["service-change destroys service:eu/shop/web", USES_KUBE],
    )


def test_a_context_chosen_earlier_on_the_line_counts():
    before = (("kubectl", "config", "use-context", "eu"),)
    check(
        done(infrastructure, "kubectl -n shop delete deploy web", before=before),
        ["service-change destroys service:eu/shop/web"],
    )


MANIFEST = """
apiVersion: apps/v1
kind: Deployment
metadata:
  name: web
  namespace: shop
---
kind: Service
metadata:
  name: web-svc
"""


def test_the_objects_of_a_manifest_are_what_is_applied():
    facts = FakeFacts(files={"/repo/k8s/web.yaml": MANIFEST})
    check(
        done(infrastructure, "kubectl --context eu apply -f k8s/web.yaml", facts),
        [
            "service-change replaces service:eu/shop/web",
            "service-change replaces service:eu/web-svc",
            "service-change uses path:m1:/repo/k8s/web.yaml",
        ],
    )


def test_a_manifest_from_the_input_counts_too():
    found = done(infrastructure, "kubectl --context eu delete -f -", stdin=MANIFEST)
    check(found, ["service-change destroys service:eu/shop/web"])


def test_a_fly_app_is_known_from_its_config():
    facts = FakeFacts(files={"/repo/fly.toml": "app = 'shop-web'\n"})
    check(
        done(infrastructure, "fly deploy", facts),
        [f"deploy replaces {PROD}/fly/shop-web", "deploy replaces service:fly/shop-web"],
    )


def test_a_vercel_project_is_known_from_its_link():
    facts = FakeFacts(files={"/repo/web/.vercel/project.json": '{"projectId": "p1", "projectName": "shop"}'})
    check(done(infrastructure, "vercel rollback --cwd web", facts), [f"deploy replaces {PROD}/vercel/shop"])


def test_a_workspace_chosen_on_the_line_is_the_one_of_its_directory():
    chosen = (("terraform", "-chdir=net", "workspace", "select", "prod"),)
    found = done(infrastructure, "tofu -chdir=net apply", before=chosen)
    check(found, ["infra-apply replaces tfstate:acme/app/net#prod"])
    elsewhere = done(infrastructure, "terraform -chdir=dns apply", before=chosen)
    check(elsewhere, ["infra-apply replaces tfstate:acme/app/dns#default"])
    told = done(infrastructure, "TF_WORKSPACE=dev terraform -chdir=net apply", before=chosen)
    check(told, ["infra-apply replaces tfstate:acme/app/net#dev"])


def test_a_workspace_chosen_earlier_is_the_one_its_file_names():
    facts = FakeFacts(files={"/repo/net/.terraform/environment": "prod\n"})
    found = done(infrastructure, "terraform -chdir=net apply", facts)
    check(found, ["infra-apply replaces tfstate:acme/app/net#prod"])


def test_a_stack_chosen_on_the_line_is_the_one_it_updates():
    found = done(infrastructure, "pulumi -C infra up -y", before=(("pulumi", "stack", "select", "dev", "-C", "infra"),))
    check(found, ["infra-apply replaces tfstate:acme/app/infra#dev"])


def test_deploy_scripts_are_understood_by_their_names():
    names = ("deploy.sh", "deploy-prod", "ship_deploy.py", "undeploy.sh", "deployment.yaml", "build.sh")
    assert [is_deploy_script(name) for name in names] == [True, True, True, False, False, False]


def test_no_secret_is_in_a_target():
    line = "aws --profile a secretsmanager put-secret-value --secret-id db --secret-string hunter2"
    assert "hunter2" not in repr(done(infrastructure, line))


def test_two_clusters_do_not_meet():
    here, there = (
        said(done(infrastructure, f"kubectl --context {name} -n shop delete deploy web")) for name in ("eu", "us")
    )
    assert not set(here) & set(there)
