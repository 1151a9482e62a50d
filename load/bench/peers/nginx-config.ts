/** The configuration that both peers made of nginx share, in the words of nginx's documentation. */
export interface NginxOptions {
  readonly modules: readonly string[]
  /** Whether the master is root: the worker then is a user of its own, and has to be told. */
  readonly isRoot: boolean
  /** Directives of the `http` block. */
  readonly http: string
}

/**
 * One worker process, as the gateway is one process. "Core functionality": worker_connections and
 * worker_rlimit_nofile for 16,000 clients. "ngx_http_core_module": keepalive_requests and keepalive_timeout, so that
 * connections of posters stay. Logs off but for warnings; everything that is written stays in the folder.
 */
export function nginxConfig({ modules, isRoot, http }: NginxOptions): string {
  return `${modules.map((module) => `load_module ${module};\n`).join('')}daemon off;
${isRoot ? 'user www-data;\n' : ''}worker_processes 1;
worker_rlimit_nofile 65536;
pid nginx.pid;
lock_file nginx.lock;
error_log stderr warn;
events { worker_connections 32768; }
http {
  access_log off;
  client_body_temp_path body;
  proxy_temp_path proxy;
  fastcgi_temp_path fastcgi;
  uwsgi_temp_path uwsgi;
  scgi_temp_path scgi;
  keepalive_requests 1000000000;
  keepalive_timeout 600s;
${http}}
`
}

/** The backend as an upstream with connections that stay. "ngx_http_upstream_module": keepalive, and what goes with it. */
export function keptUpstream(port: number): string {
  return `  upstream backend {
    server 127.0.0.1:${port};
    keepalive 128;
    keepalive_requests 1000000000;
    keepalive_timeout 600s;
  }
`
}

/** The directives of a location whose proxy keeps its connections, as that page says. */
export const keptAlive = `      proxy_http_version 1.1;
      proxy_set_header Connection "";
`
