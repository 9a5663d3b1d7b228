// A neutral gRPC server for measuring clients: takes HTTP/2 by prior knowledge on loopback, reads every body, counts the
// vectors in it and answers UpsertResponse. One thread, no message objects, so that it is never what is measured.
// usage: sink PORT [DELAY_MS]; prints "requests vectors bytes" on SIGTERM.
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

namespace {

volatile sig_atomic_t stopping = 0;
unsigned long requests = 0, vectors = 0, bytes_read = 0;
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
  int socket;
  nghttp2_session *session = nullptr;
  std::string outgoing;
  std::map<int32_t, Call> calls;
};

struct Due {
  long at;
  Connection *connection;
  int32_t stream;
};
std::deque<Due> due;

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
  ssize_t count;
  while ((count = nghttp2_session_mem_send(connection->session, &data)) > 0) {
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

void accept_connection(int listener, nghttp2_session_callbacks *callbacks) {
  int socket = accept4(listener, nullptr, nullptr, SOCK_NONBLOCK);
  if (socket < 0) return;
  int yes = 1;
  setsockopt(socket, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
  auto *connection = new Connection{socket};
  nghttp2_session_server_new(&connection->session, callbacks, connection);
  nghttp2_settings_entry settings[] = {{NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS, 1000},
                                       {NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, 64u << 20}};
  nghttp2_submit_settings(connection->session, NGHTTP2_FLAG_NONE, settings, 2);
  nghttp2_session_set_local_window_size(connection->session, NGHTTP2_FLAG_NONE, 0, 1 << 30);
  epoll_event event = {EPOLLIN, {.ptr = connection}};
  epoll_ctl(poller, EPOLL_CTL_ADD, socket, &event);
  flush(connection);
}

void serve(Connection *connection) {
  static uint8_t buffer[1 << 18];
  ssize_t count = recv(connection->socket, buffer, sizeof buffer, 0);
  bool alive = count > 0 || (count < 0 && errno == EAGAIN);
  if (count > 0) alive = nghttp2_session_mem_recv(connection->session, buffer, static_cast<size_t>(count)) >= 0;
  if (alive) alive = flush(connection);
  if (alive) return;
  std::erase_if(due, [&](const Due &d) { return d.connection == connection; });
  close(connection->socket);
  nghttp2_session_del(connection->session);
  delete connection;
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
  nghttp2_session_callbacks *callbacks;
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
    while (!due.empty() && due.front().at <= now_ms()) {
      Due next = due.front();
      due.pop_front();
      answer(next.connection, next.stream);
      flush(next.connection);
    }
    for (int i = 0; i < ready; i++) {
      if (events[i].data.ptr == nullptr) {
        accept_connection(listener, callbacks);
      } else {
        serve(static_cast<Connection *>(events[i].data.ptr));
      }
    }
  }
  printf("%lu %lu %lu\n", requests, vectors, bytes_read);
}
