// Every page's behaviour. Pages work without it; it adds keys, the command bar, toasts and live lists.
import "./menus.js";
import "./toasts.js";
import "./keys.js";
import "./command.js";
import "./inbox.js";
import "./conversation.js";
import "./alerts.js";
import "./push.js";
import "./live.js";
import "./ringing.js";
import "./forms.js";
import "./renew.js";
