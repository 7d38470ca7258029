// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
#include "daemon/watch/virt.h"

#include "daemon/watch/kind.h"
#include "daemon/watch/log.h"
#include "daemon/watch/patience.h"
#include "daemon/watch/vloop.h"

#include <errno.h>
#include <libvirt/virterror.h>
#include <signal.h>
#include <stdbool.h>
#include <string.h>
#include <sys/epoll.h>

enum {
    RETRY_MIN_MS = 250,
    RETRY_MAX_MS = 10 * 1000,
    PROBE_MS = 15 * 1000,
    KEEPALIVE_S = 5,     // over a network: asked this often while nothing else is heard
    KEEPALIVE_COUNT = 3, // and given up after so many silences
};

struct virt {
    sd_event *event;
    char *uri;
    struct virt_calls calls;
    void *user;
    virConnectPtr connection;
    int lifecycle_id, agent_id;
    sd_event_source *timer;  // the next try, or the end of the probe's patience
    sd_event_source *prober; // the child
    sd_event_source *closer; // a lost connection is taken down from the loop
    sd_event_source *socket; // of a local connection: see open_quietly
    pid_t probe;
    int probe_out;
    int retry_ms;
    int close_reason;
    bool complained;
};

static void ignore_error(void *user, virErrorPtr error)
{
    (void)user;
    (void)error;
}

void virt_quiet(void)
{
    virSetErrorFunc(NULL, ignore_error);
}

int virt_probe(const char *uri)
{
    virConnectPtr connection = virConnectOpenReadOnly(uri);
    const char *why = connection ? NULL : virGetLastErrorMessage();

    if (connection)
        virConnectClose(connection);
    else if (write(STDOUT_FILENO, why, strlen(why)) < 0)
        return 1;
    return connection ? 0 : 1;
}

static int on_lifecycle(virConnectPtr connection, virDomainPtr domain, int event, int detail, void *userdata)
{
    struct virt *v = userdata;
    char text[KIND_DETAIL];

    (void)connection;
    v->calls.event(domain, kind_of_lifecycle(event, detail, text), text, v->user);
    return 0;
}

static void on_agent(virConnectPtr connection, virDomainPtr domain, int state, int reason, void *userdata)
{
    struct virt *v = userdata;
    char text[KIND_DETAIL];

    (void)connection;
    v->calls.event(domain, kind_of_agent(state, reason, text), text, v->user);
}

// Inside libvirt's own locks: only remembered here.
static void on_close(virConnectPtr connection, int reason, void *userdata)
{
    struct virt *v = userdata;

    (void)connection;
    v->close_reason = reason;
    (void)sd_event_source_set_enabled(v->closer, SD_EVENT_ONESHOT);
}

static void set_timer(struct virt *v, int ms)
{
    (void)sd_event_source_set_time_relative(v->timer, (uint64_t)ms * 1000);
    (void)sd_event_source_set_enabled(v->timer, SD_EVENT_ONESHOT);
}

static void schedule_retry(struct virt *v)
{
    set_timer(v, v->retry_ms);
    v->retry_ms = v->retry_ms * 2 < RETRY_MAX_MS ? v->retry_ms * 2 : RETRY_MAX_MS;
}

static void close_connection(struct virt *v)
{
    if (!v->connection)
        return;
    patience_begin();
    if (v->lifecycle_id >= 0)
        (void)virConnectDomainEventDeregisterAny(v->connection, v->lifecycle_id);
    if (v->agent_id >= 0)
        (void)virConnectDomainEventDeregisterAny(v->connection, v->agent_id);
    (void)virConnectUnregisterCloseCallback(v->connection, on_close);
    (void)virConnectClose(v->connection);
    patience_end();
    v->connection = NULL;
    patience_watch(-1);
    v->socket = sd_event_source_disable_unref(v->socket); // closes the descriptor
}

static int on_closed(sd_event_source *source, void *userdata)
{
    struct virt *v = userdata;
    const char *why = patience_lost() ? "no answer" : kind_of_close(v->close_reason);

    (void)source;
    if (!v->connection)
        return 0;
    watch_log(LOG_WARNING, "the connection to libvirt at %s is lost (%s); a scan follows when it is back",
              v->uri, why);
    close_connection(v);
    v->calls.down(why, v->user);
    v->complained = true;
    v->retry_ms = RETRY_MIN_MS;
    schedule_retry(v);
    return 0;
}

static void complain(struct virt *v, const char *why)
{
    if (!v->complained)
        watch_log(LOG_ERR, "libvirt at %s cannot be reached: %s; trying again until it can", v->uri, why);
    v->complained = true;
}

bool virt_is_local(const char *uri)
{
    const char *rest = strstr(uri, "://"), *way = strchr(uri, '+');

    if (rest && way && way < rest && strncmp(way, "+unix:", 6) != 0)
        return false;
    return !rest || rest[3] == '/' || !rest[3];
}

// Something lies in the socket, or it has ended. libvirt reads all that came before the answer to a question.
static int on_socket(sd_event_source *source, int fd, uint32_t events, void *userdata)
{
    struct virt *v = userdata;

    (void)source;
    (void)fd;
    if (!virt_check(v) || events & (EPOLLHUP | EPOLLERR)) {
        (void)sd_event_source_set_enabled(v->socket, SD_EVENT_OFF);
        (void)sd_event_source_set_enabled(v->closer, SD_EVENT_ONESHOT);
    }
    return 0;
}

// libvirtd pings, every few seconds and for ever, each client that has a loop to answer from, and drops it if it does
// not. One that has none is left alone, and gets its events all the same: they wait in the socket until it next asks
// something. So libvirt's library is not told of the loop, and the watcher asks when something lies in the socket.
// Over a network, where a silent peer may be gone, libvirt's own way is right.
static void open_quietly(struct virt *v)
{
    _cleanup_close_ int fd = -1;
    int rc = 0;

    vloop_withhold(virt_is_local(v->uri));
    v->connection = virConnectOpenReadOnly(v->uri);
    vloop_withhold(false);
    fd = vloop_withheld();
    v->close_reason = VIR_CONNECT_CLOSE_REASON_EOF;
    if (!v->connection || fd < 0)
        return; // drivers without a daemon have no socket
    rc = sd_event_add_io(v->event, &v->socket, fd, EPOLLIN, on_socket, v);
    if (rc >= 0)
        rc = sd_event_source_set_io_fd_own(v->socket, 1);
    if (rc < 0) { // deaf: rather none
        v->socket = sd_event_source_disable_unref(v->socket);
        (void)virConnectClose(v->connection);
        v->connection = NULL;
        return;
    }
    patience_watch(take_fd(fd));
}

static void open_connection(struct virt *v)
{
    open_quietly(v);
    patience_begin();
    if (v->connection && virConnectRegisterCloseCallback(v->connection, on_close, v, NULL) == 0) {
        // Refused by drivers that are not remote; those cannot stall either.
        if (!v->socket)
            (void)virConnectSetKeepAlive(v->connection, KEEPALIVE_S, KEEPALIVE_COUNT);
        v->lifecycle_id = virConnectDomainEventRegisterAny(v->connection, NULL, VIR_DOMAIN_EVENT_ID_LIFECYCLE,
                                                           VIR_DOMAIN_EVENT_CALLBACK(on_lifecycle), v, NULL);
        v->agent_id = virConnectDomainEventRegisterAny(v->connection, NULL,
                                                       VIR_DOMAIN_EVENT_ID_AGENT_LIFECYCLE,
                                                       VIR_DOMAIN_EVENT_CALLBACK(on_agent), v, NULL);
    }
    patience_end();
    if (!v->connection || v->lifecycle_id < 0) {
        complain(v, virGetLastErrorMessage());
        close_connection(v);
        schedule_retry(v);
        return;
    }
    if (v->agent_id < 0)
        watch_log(LOG_NOTICE, "libvirt at %s has no events of guest agents: %s", v->uri,
                  virGetLastErrorMessage());
    watch_log(LOG_INFO, "connected to libvirt at %s", v->uri);
    v->complained = false;
    v->retry_ms = RETRY_MIN_MS;
    v->calls.up(v->user);
}

static void end_probe(struct virt *v)
{
    v->prober = sd_event_source_disable_unref(v->prober);
    if (v->probe_out >= 0)
        close(v->probe_out);
    v->probe_out = -1;
    v->probe = 0;
}

static int on_probed(sd_event_source *source, const siginfo_t *info, void *userdata)
{
    struct virt *v = userdata;
    char why[256];
    ssize_t n = read(v->probe_out, why, sizeof why - 1);
    bool good = info->si_code == CLD_EXITED && info->si_status == 0;

    (void)source;
    end_probe(v);
    (void)sd_event_source_set_enabled(v->timer, SD_EVENT_OFF);
    if (good) {
        open_connection(v);
        return 0;
    }
    why[n > 0 ? n : 0] = '\0';
    complain(v, n > 0 ? why : "it does not answer");
    schedule_retry(v);
    return 0;
}

static int start_probe(struct virt *v)
{
    int rc = patience_probe(v->uri, &v->probe, &v->probe_out);

    if (rc == 0)
        rc = sd_event_add_child(v->event, &v->prober, v->probe, WEXITED, on_probed, v);
    if (rc < 0)
        end_probe(v);
    return rc;
}

static int on_timer(sd_event_source *source, uint64_t when, void *userdata)
{
    struct virt *v = userdata;
    int rc;

    (void)source;
    (void)when;
    if (v->probe > 0) { // it hangs: on_probed hears of its end
        (void)kill(v->probe, SIGKILL);
        return 0;
    }
    rc = start_probe(v);
    if (rc < 0) {
        complain(v, strerror(-rc));
        schedule_retry(v);
    } else {
        set_timer(v, PROBE_MS);
    }
    return 0;
}

int virt_new(sd_event *event, const char *uri, const struct virt_calls *calls, void *user, struct virt **ret,
             struct err *err)
{
    _cleanup_(virt_freep) struct virt *v = calloc(1, sizeof *v);
    int rc;

    if (v)
        v->probe_out = v->lifecycle_id = v->agent_id = -1;
    if (!v || !(v->uri = strdup(uri)))
        return err_set(err, -ENOMEM, "out of memory");
    v->event = sd_event_ref(event);
    v->calls = *calls;
    v->user = user;
    v->retry_ms = RETRY_MIN_MS;
    rc = patience_open(v->uri);
    if (rc >= 0)
        rc = sd_event_add_time_relative(event, &v->timer, CLOCK_MONOTONIC, 0, 1000, on_timer, v);
    if (rc >= 0)
        rc = sd_event_add_defer(event, &v->closer, on_closed, v);
    if (rc >= 0)
        rc = sd_event_source_set_enabled(v->closer, SD_EVENT_OFF);
    if (rc < 0)
        return err_set(err, rc, "cannot set up the event loop: %s", strerror(-rc));
    *ret = take(v);
    return 0;
}

struct virt *virt_free(struct virt *v)
{
    if (!v)
        return NULL;
    close_connection(v);
    if (v->probe > 0) {
        (void)kill(v->probe, SIGKILL);
        end_probe(v);
    }
    sd_event_source_disable_unref(v->timer);
    sd_event_source_disable_unref(v->closer);
    sd_event_unref(v->event);
    free(v->uri);
    free(v);
    return NULL;
}

virConnectPtr virt_connection(const struct virt *v)
{
    return v->connection;
}

bool virt_check(struct virt *v)
{
    unsigned long version;

    if (!v->connection)
        return false;
    patience_begin();
    (void)virConnectGetLibVersion(v->connection, &version); // answered without waiting for any guest
    patience_end();
    return virConnectIsAlive(v->connection) == 1;
}
