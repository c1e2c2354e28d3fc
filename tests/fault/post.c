#include "fault/post.h"

#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <stdio.h>
#include <string.h>

#define KEY "kefud fault campaign, 32 bytes.." /* POST_SECRET, decoded */

const char *post_channel(int port)
{
    static char text[512];

    (void)snprintf(
        text, sizeof(text),
        ",\"api\":{\"adapter\":\"generic\",\"name\":\"Api\",\"queue\":\"service\",\"settings\":{\"url\":\"http://127.0.0.1:%d/\","
        "\"secrets\":[\"" POST_SECRET "\"],\"send_secrets\":[\"" POST_SECRET "\"]}}",
        port);
    return text;
}

static void sign(const char *id, int64_t at_s, const char *body, char ret[64])
{
    unsigned char mac[EVP_MAX_MD_SIZE];
    char text[1024];
    unsigned n = 0;
    int len = snprintf(text, sizeof(text), "%s.%lld.%s", id, (long long)at_s, body);

    assert_in_range(len, 1, sizeof(text) - 1);
    assert_non_null(HMAC(EVP_sha256(), KEY, (int)strlen(KEY), (const unsigned char *)text, (size_t)len, mac, &n));
    (void)EVP_EncodeBlock((unsigned char *)ret, mac, (int)n);
}

void post_send(int fd, const struct daemon *d, const char *path, const char *id, const char *body)
{
    int64_t at_s = now_wall_ms() / 1000;
    char mac[64], request[2048];
    int n;

    sign(id, at_s, body, mac);
    n = snprintf(request, sizeof(request),
                 "POST %s HTTP/1.1\r\nHost: 127.0.0.1:%d\r\nConnection: close\r\nContent-Type: application/json\r\nContent-Length: %zu\r\n"
                 "webhook-id: %s\r\nwebhook-timestamp: %lld\r\nwebhook-signature: v1,%s\r\n\r\n%s",
                 path, d->port, strlen(body), id, (long long)at_s, mac, body);
    assert_in_range(n, 1, sizeof(request) - 1);
    web_send(fd, request, (size_t)n);
}
