// Kept by the browser: shows what is pushed, and opens the page of the alert. It sees no page and fetches nothing.

self.addEventListener("push", (event) => {
  const said = event.data?.json() ?? {};
  const notice = { body: said.body, tag: said.tag, renotify: Boolean(said.tag), requireInteraction: Boolean(said.stays), data: said.url };
  event.waitUntil(self.registration.showNotification(said.title ?? "Octavo", notice));
});

self.addEventListener("notificationclick", (event) => {
  event.notification.close();
  const wanted = new URL(event.notification.data ?? "/alerts/", self.location.origin);
  const here = new URL(wanted.pathname, self.location.origin).href; // a page of ours, whatever was sent
  event.waitUntil(
    self.clients.matchAll({ type: "window", includeUncontrolled: true }).then((windows) => {
      const open = windows.find((each) => each.url.split(/[?#]/)[0] === here);
      return open ? open.focus() : self.clients.openWindow(here);
    }),
  );
});
