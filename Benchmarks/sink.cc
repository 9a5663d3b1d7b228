// A neutral server for measuring clients, gRPC and REST on one port: reads every body, counts the vectors in it and answers
// with that count. One thread, no message objects, so that it is never what is measured.
// usage: sink PORT [DELAY_MS]
// GET /count answers "requests vectors bytes"; GET /wait/N does so once N vectors have been acknowledged in all.
#include <arpa/inet.h>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <deque>
#include <map>
#include <netinet/tcp.h>
#include <nghttp2/nghttp2.h>
#include <string>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>
#include <vector>

namespace {

volatile sig_atomic_t stopping = 0;
unsigned long requests = 0, vectors = 0, acknowledged = 0, bytes_read = 0;
long delay_ms = 0;
int poller = -1;

long now_ms() {
  timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

// Walks the top-level fields of a gRPC message as it streams in and counts those with number 1.
struct FieldCounter {
  unsigned long skip = 5;  // the gRPC frame's prefix
  unsigned long value = 0;
  int shift = 0;
  unsigned tag = 0;
  bool in_length = false;
  unsigned count = 0;

  void feed(const uint8_t *data, size_t size) {
    for (size_t at = 0; at < size;) {
      if (skip > 0) {
        size_t step = skip < size - at ? skip : size - at;
        skip -= step;
        at += step;
        continue;
      }
      uint8_t byte = data[at++];
      value |= static_cast<unsigned long>(byte & 0x7f) << shift;
      shift += 7;
      if (byte & 0x80) continue;
      if (in_length) {
        if (tag >> 3 == 1) count++;
        skip = value;
        in_length = false;
      } else {
        tag = static_cast<unsigned>(value);
        in_length = (tag & 7) == 2;
        if ((tag & 7) == 5) skip = 4;
        if ((tag & 7) == 1) skip = 8;
      }
      value = 0;
      shift = 0;
    }
  }
};

struct Call {
  FieldCounter fields;
  std::string answer;
  size_t sent = 0;
};

struct Connection {
  int socket = -1;
  nghttp2_session *session = nullptr;  // none: HTTP/1.1, or nothing read yet
  std::string outgoing;
  std::map<int32_t, Call> calls;
  std::string incoming;    // HTTP/1.1: what was read of the current request
  size_t head_size = 0;    // HTTP/1.1: its head's bytes once that is complete, else 0
  size_t body_size = 0;
};

struct Due {
  long at;
  Connection *connection;
  int32_t stream;
};
std::deque<Due> due;

struct Waiter {
  Connection *connection;
  unsigned long vectors;
};
std::vector<Waiter> waiters;
nghttp2_session_callbacks *callbacks;

ssize_t read_answer(nghttp2_session *session, int32_t stream, uint8_t *buffer, size_t size, uint32_t *flags,
                    nghttp2_data_source *source, void *) {
  auto *call = static_cast<Call *>(source->ptr);
  size_t count = call->answer.size() - call->sent;
  if (count > size) count = size;
  memcpy(buffer, call->answer.data() + call->sent, count);
  call->sent += count;
  if (call->sent == call->answer.size()) {
    *flags |= NGHTTP2_DATA_FLAG_EOF | NGHTTP2_DATA_FLAG_NO_END_STREAM;
    uint8_t name[] = "grpc-status", value[] = "0";
    nghttp2_nv trailer = {name, value, 11, 1, NGHTTP2_NV_FLAG_NONE};
    nghttp2_submit_trailer(session, stream, &trailer, 1);
  }
  return static_cast<ssize_t>(count);
}

void answer(Connection *connection, int32_t stream) {
  auto found = connection->calls.find(stream);
  if (found == connection->calls.end()) return;
  Call &call = found->second;
  acknowledged += call.fields.count;
  std::string message;
  if (unsigned count = call.fields.count) {
    message = "\x08";
    for (; count > 127; count >>= 7) message += static_cast<char>(count | 0x80);
    message += static_cast<char>(count);
  }
  call.answer = std::string("\0\0\0\0", 4) + static_cast<char>(message.size()) + message;
  uint8_t status[] = ":status", ok[] = "200", type[] = "content-type", grpc[] = "application/grpc";
  nghttp2_nv headers[] = {{status, ok, 7, 3, NGHTTP2_NV_FLAG_NONE}, {type, grpc, 12, 16, NGHTTP2_NV_FLAG_NONE}};
  nghttp2_data_provider provider = {{.ptr = &call}, read_answer};
  nghttp2_submit_response(connection->session, stream, headers, 2, &provider);
}

int on_begin(nghttp2_session *, const nghttp2_frame *frame, void *user) {
  if (frame->hd.type == NGHTTP2_HEADERS) static_cast<Connection *>(user)->calls[frame->hd.stream_id] = {};
  return 0;
}

int on_data(nghttp2_session *, uint8_t, int32_t stream, const uint8_t *data, size_t size, void *user) {
  static_cast<Connection *>(user)->calls[stream].fields.feed(data, size);
  bytes_read += size;
  return 0;
}

int on_frame(nghttp2_session *, const nghttp2_frame *frame, void *user) {
  bool ends = (frame->hd.type == NGHTTP2_DATA || frame->hd.type == NGHTTP2_HEADERS) &&
              (frame->hd.flags & NGHTTP2_FLAG_END_STREAM);
  if (!ends) return 0;
  auto *connection = static_cast<Connection *>(user);
  requests++;
  vectors += connection->calls[frame->hd.stream_id].fields.count;
  if (delay_ms > 0) {
    due.push_back({now_ms() + delay_ms, connection, frame->hd.stream_id});
  } else {
    answer(connection, frame->hd.stream_id);
  }
  return 0;
}

int on_close(nghttp2_session *, int32_t stream, uint32_t, void *user) {
  static_cast<Connection *>(user)->calls.erase(stream);
  return 0;
}

// Sends what there is; false when the connection is dead.
bool flush(Connection *connection) {
  const uint8_t *data;
  ssize_t count = 0;
  while (connection->session && (count = nghttp2_session_mem_send(connection->session, &data)) > 0) {
    connection->outgoing.append(reinterpret_cast<const char *>(data), static_cast<size_t>(count));
  }
  if (count < 0) return false;
  while (!connection->outgoing.empty()) {
    ssize_t sent = send(connection->socket, connection->outgoing.data(), connection->outgoing.size(), MSG_NOSIGNAL);
    if (sent < 0) return errno == EAGAIN;  // answers are tiny; the next event tries again
    connection->outgoing.erase(0, static_cast<size_t>(sent));
  }
  return true;
}

void respond(Connection *connection, const char *type, const std::string &body) {
  connection->outgoing += "HTTP/1.1 200 OK\r\ncontent-type: " + std::string(type) +
                          "\r\ncontent-length: " + std::to_string(body.size()) + "\r\n\r\n" + body;
}

std::string counts() {
  return std::to_string(requests) + " " + std::to_string(acknowledged) + " " + std::to_string(bytes_read) + "\n";
}

// Vectors in a REST body: each has its id first, written by a serialiser, so with one spelling per client.
unsigned count_ids(const char *body, size_t size) {
  unsigned count = 0;
  const char *end = body + size;
  while (auto *found = static_cast<const char *>(memmem(body, static_cast<size_t>(end - body), "{\"id\":", 6))) {
    count++;
    body = found + 6;
  }
  return count;
}

void answer_http1(Connection *connection) {
  std::string &request = connection->incoming;
  unsigned count = count_ids(request.data() + connection->head_size, connection->body_size);
  acknowledged += count;
  respond(connection, "application/json", "{\"upsertedCount\":" + std::to_string(count) + "}");
  request.erase(0, connection->head_size + connection->body_size);
  connection->head_size = connection->body_size = 0;
}

// Takes what HTTP/1.1 has sent; one request at a time, as all clients do.
void take_http1(Connection *connection) {
  std::string &request = connection->incoming;
  if (connection->head_size == 0) {
    size_t end = request.find("\r\n\r\n");
    if (end == std::string::npos) return;
    connection->head_size = end + 4;
    const char *length = strcasestr(request.c_str(), "\r\ncontent-length:");
    if (length != nullptr && length < request.c_str() + end) connection->body_size = strtoul(length + 17, nullptr, 10);
    request.reserve(connection->head_size + connection->body_size);
  }
  if (request.size() < connection->head_size + connection->body_size) return;
  if (request.compare(0, 10, "GET /wait/") == 0) {
    waiters.push_back({connection, strtoul(request.c_str() + 10, nullptr, 10)});
    request.clear();
    connection->head_size = 0;
  } else if (request.compare(0, 4, "GET ") == 0) {
    respond(connection, "text/plain", counts());
    request.clear();
    connection->head_size = 0;
  } else {
    requests++;
    bytes_read += connection->body_size;
    if (delay_ms > 0) {
      due.push_back({now_ms() + delay_ms, connection, 0});
    } else {
      answer_http1(connection);
    }
  }
}

void accept_connection(int listener) {
  int socket = accept4(listener, nullptr, nullptr, SOCK_NONBLOCK);
  if (socket < 0) return;
  int yes = 1;
  setsockopt(socket, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
  auto *connection = new Connection;
  connection->socket = socket;
  epoll_event event = {EPOLLIN, {.ptr = connection}};
  epoll_ctl(poller, EPOLL_CTL_ADD, socket, &event);
}

void begin_http2(Connection *connection) {
  nghttp2_session_server_new(&connection->session, callbacks, connection);
  nghttp2_settings_entry settings[] = {{NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS, 1000},
                                       {NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, 64u << 20}};
  nghttp2_submit_settings(connection->session, NGHTTP2_FLAG_NONE, settings, 2);
  nghttp2_session_set_local_window_size(connection->session, NGHTTP2_FLAG_NONE, 0, 1 << 30);
}

void release(Connection *connection) {
  std::erase_if(due, [&](const Due &d) { return d.connection == connection; });
  std::erase_if(waiters, [&](const Waiter &w) { return w.connection == connection; });
  close(connection->socket);
  if (connection->session) nghttp2_session_del(connection->session);
  delete connection;
}

void serve(Connection *connection) {
  static uint8_t buffer[1 << 18];
  ssize_t count = recv(connection->socket, buffer, sizeof buffer, 0);
  bool alive = count > 0 || (count < 0 && errno == EAGAIN);
  if (count > 0) {
    bool fresh = !connection->session && connection->incoming.empty() && connection->head_size == 0;
    if (fresh && memcmp(buffer, "PRI", 3) == 0) begin_http2(connection);
    if (connection->session) {
      alive = nghttp2_session_mem_recv(connection->session, buffer, static_cast<size_t>(count)) >= 0;
    } else {
      connection->incoming.append(reinterpret_cast<char *>(buffer), static_cast<size_t>(count));
      take_http1(connection);
    }
  }
  if (alive) alive = flush(connection);
  if (!alive) release(connection);
}

void answer_due() {
  while (!due.empty() && due.front().at <= now_ms()) {
    Due next = due.front();
    due.pop_front();
    if (next.connection->session) {
      answer(next.connection, next.stream);
    } else {
      answer_http1(next.connection);
    }
    flush(next.connection);
  }
}

void answer_waiters() {
  std::erase_if(waiters, [](const Waiter &waiter) {
    if (acknowledged < waiter.vectors) return false;
    respond(waiter.connection, "text/plain", counts());
    flush(waiter.connection);
    return true;
  });
}

}  // namespace

int main(int count, char **arguments) {
  if (count < 2) return fprintf(stderr, "usage: sink PORT [DELAY_MS]\n"), 64;
  if (count > 2) delay_ms = atol(arguments[2]);
  struct sigaction action = {};
  action.sa_handler = [](int) { stopping = 1; };
  sigaction(SIGTERM, &action, nullptr);
  int listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0), yes = 1;
  setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
  sockaddr_in address = {};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<uint16_t>(atoi(arguments[1])));
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (bind(listener, reinterpret_cast<sockaddr *>(&address), sizeof address) || listen(listener, 64)) {
    return perror("sink"), 1;
  }
  nghttp2_session_callbacks_new(&callbacks);
  nghttp2_session_callbacks_set_on_begin_headers_callback(callbacks, on_begin);
  nghttp2_session_callbacks_set_on_data_chunk_recv_callback(callbacks, on_data);
  nghttp2_session_callbacks_set_on_frame_recv_callback(callbacks, on_frame);
  nghttp2_session_callbacks_set_on_stream_close_callback(callbacks, on_close);
  poller = epoll_create1(0);
  epoll_event event = {EPOLLIN, {.ptr = nullptr}};
  epoll_ctl(poller, EPOLL_CTL_ADD, listener, &event);
  while (!stopping) {
    epoll_event events[64];
    long wait = due.empty() ? 500 : due.front().at - now_ms();
    int ready = epoll_wait(poller, events, 64, static_cast<int>(wait < 0 ? 0 : wait > 500 ? 500 : wait));
    answer_due();
    for (int i = 0; i < ready; i++) {
      if (events[i].data.ptr == nullptr) {
        accept_connection(listener);
      } else {
        serve(static_cast<Connection *>(events[i].data.ptr));
      }
    }
    answer_waiters();
  }
}
