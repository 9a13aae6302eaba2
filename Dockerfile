# ResNet Studio as a container: for a class server, and for a Hugging Face Space with the Docker SDK.
#   docker build -t resnet-studio .
#   docker run -p 8501:7860 -v resnet-studio:/data resnet-studio        then open http://localhost:8501
# For a class with https, and with limits on everything: deploy/class/compose.yaml.
#
# The base is named by tag. To build from exact contents, find out the digest where the registry can be reached
# (docker buildx imagetools inspect python:3.12-slim) and give it: --build-arg BASE=python:3.12-slim@sha256:...
ARG BASE=python:3.12-slim
FROM $BASE

# Spaces run containers as user 1000.
RUN useradd --create-home --uid 1000 studio && mkdir -p /data && chown studio /data
USER studio
WORKDIR /home/studio/app
ENV PATH=/home/studio/.local/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    RESNET_STUDIO_HOME=/data/workspace \
    RESNET_STUDIO_WEIGHTS=/home/studio/weights

COPY --chown=studio requirements.txt constraints.txt ./
# For a machine without a GPU: docker build --build-arg TORCH_INDEX=https://download.pytorch.org/whl/cpu .
ARG TORCH_INDEX=
RUN if [ -n "$TORCH_INDEX" ]; then \
      pip install --no-cache-dir --user -c constraints.txt --index-url "$TORCH_INDEX" torch torchvision; \
    fi && pip install --no-cache-dir --user -r requirements.txt -c constraints.txt
COPY --chown=studio . .

# Without internet at build time the image still works; it then downloads the weights on first use.
RUN python -m core weights || echo "No weights were downloaded at build time."

# Only in the container does the app listen on every address; `docker run -p` decides who can reach it.
# Streamlit holds uploads in memory, each file up to this many MB, until they are imported: a container often has 2 to 16
# GB for all its visitors. Larger data sets: several zips, or `python -m core import` inside the container.
ENV STREAMLIT_SERVER_ADDRESS=0.0.0.0 \
    RESNET_STUDIO_SERVER_FILES=off \
    STREAMLIT_SERVER_MAX_UPLOAD_SIZE=500 \
    STREAMLIT_SERVER_PORT=7860
EXPOSE 7860
HEALTHCHECK CMD python -c "import urllib.request as u; u.urlopen('http://127.0.0.1:7860/_stcore/health', timeout=5)"
# A Space shows the app in a frame of another site, where browsers block the cookie for Streamlit's XSRF check of
# uploads. Only there, where SPACE_ID is set, is the check switched off.
CMD ["sh", "-c", "exec streamlit run app.py ${SPACE_ID:+--server.enableXsrfProtection=false}"]
