"""JupyterHub with a container for each learner (DockerSpawner): lines for jupyterhub_config.py.

MCJ-CloudHub's spawner is one of DockerSpawner's family, so the same lines, or those of its jupyterhub_params.yaml, go
there. The image is that of .binder/Dockerfile; how memory was computed stands in README.md.
"""

c = get_config()  # noqa: F821 - JupyterHub defines it

c.JupyterHub.spawner_class = "dockerspawner.DockerSpawner"
c.DockerSpawner.image = "akari-class"
c.DockerSpawner.cmd = ["jupyterhub-singleuser"]
c.DockerSpawner.remove = True

# A learner's own files and compiled cells. What all share is in the image, outside of the home.
c.DockerSpawner.volumes = {"akari-home-{username}": "/home/jovyan"}

c.DockerSpawner.mem_guarantee = "256M"
c.DockerSpawner.mem_limit = "1G"
c.DockerSpawner.environment = {"AKARI_ANALYSER": "off", "AKARI_COMPILER_SECONDS": "60"}
